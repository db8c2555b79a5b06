"""The commands of the command line, one module each; each is imported when it is first used.

So `hookline --help` imports none of them, and `hookline serve` only its own.
"""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hookline.console import (
        db,
        deliveries,
        doctor,
        ending,
        gateway,
        pausing,
        queue_stats,
        redriving,
        replay,
        send,
        sending,
        serve,
        task_changes,
        task_log,
        tasks,
        workers,
    )

__all__ = [
    "db",
    "deliveries",
    "doctor",
    "ending",
    "gateway",
    "pausing",
    "queue_stats",
    "redriving",
    "replay",
    "send",
    "sending",
    "serve",
    "task_changes",
    "task_log",
    "tasks",
    "workers",
]


def __getattr__(name: str) -> ModuleType:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module(f"{__name__}.{name}")
