"""Tells what keeps a process from ending, so that a stop that hangs can be explained."""

import asyncio
from collections.abc import Awaitable
from pathlib import Path
from types import CoroutineType
from typing import cast

import structlog
from structlog.typing import FilteringBoundLogger

LATE_SECONDS = 10.0
_log = cast(FilteringBoundLogger, structlog.get_logger())


def tell_if_late(seconds: float = LATE_SECONDS) -> None:
    """Log what every task waits for, unless the running loop has ended by then."""
    _ = asyncio.get_running_loop().call_later(seconds, _tell)


def _tell() -> None:
    for task in asyncio.all_tasks():
        _log.warning(
            "stop.late", work=task.get_name(), waits_at=_place(cast(Awaitable[None], task.get_coro()))
        )


def _place(work: Awaitable[None] | None) -> str:
    place = "unknown"
    while isinstance(work, CoroutineType):
        frame = work.cr_frame
        if frame is not None:
            place = f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno} {frame.f_code.co_name}"
        work = cast(Awaitable[None] | None, work.cr_await)
    return place
