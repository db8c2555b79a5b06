"""Settings of the process and its interpreter that serve an event loop and a writing thread."""

import gc
import resource
import sys

SWITCH_SECONDS = 0.0001
MOST_FILES = 65_536
_FEWER_COLLECTIONS = 10_000


def tune_interpreter() -> None:
    """Let the writing thread get the interpreter lock soon, and collect young garbage less often."""
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.freeze()
    gc.set_threshold(_FEWER_COLLECTIONS)


def raise_file_limit() -> int:
    """Let the process have as many open files as it may; tells how many.

    The usual soft limit, 1,024, is less than the silent connections that one client can open.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return MOST_FILES if soft == resource.RLIM_INFINITY else soft
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted
