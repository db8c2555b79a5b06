"""The entry point of `hookline` and of `python -m hookline`: quiet, however early interrupted."""

import gc
import runpy
import sys

INTERRUPTED = 130
_MORE_THAN_IMPORTS_MAKE = 300_000


def main() -> None:
    """Run the command line, which takes a moment to import: less where no garbage is looked for meanwhile."""
    gc.set_threshold(_MORE_THAN_IMPORTS_MAKE)
    try:
        _ = runpy.run_module("hookline.cli", run_name="__main__")
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
