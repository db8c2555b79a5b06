"""Settings of the interpreter that serve a process with an event loop and a writing thread."""

import gc
import sys

SWITCH_SECONDS = 0.0001
_FEWER_COLLECTIONS = 10_000


def tune_interpreter() -> None:
    """Let the writing thread get the interpreter lock soon, and collect young garbage less often."""
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.freeze()
    gc.set_threshold(_FEWER_COLLECTIONS)
