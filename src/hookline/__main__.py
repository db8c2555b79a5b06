"""The entry point of `hookline` and of `python -m hookline`: quiet, however early interrupted."""

import gc
import runpy
import sys

INTERRUPTED = 130
_FEW_COLLECTIONS = 100_000


def main() -> None:
    """Run the command line, which takes a moment to import: less where little garbage is looked for."""
    gc.set_threshold(_FEW_COLLECTIONS)
    try:
        _ = runpy.run_module("hookline.cli", run_name="__main__")
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
