"""Coverage-guided fuzzing of the parsers and the signature checks, by hand: see `docs/fuzzing.md`."""
