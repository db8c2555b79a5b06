"""Real processes under random faults, and whether what was promised held: see `docs/chaos.md`."""
