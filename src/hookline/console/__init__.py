"""The commands of the command line, one module each; each is imported when it is first used.

So `hookline --help` imports none of them, and `hookline serve` only its own.
"""

from typing import TYPE_CHECKING

from hookline.on_first_use import on_first_use

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

__getattr__ = on_first_use(__name__, __all__)
