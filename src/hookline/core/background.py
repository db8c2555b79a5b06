"""Work that goes on behind: a step again and again, whatever one of them runs into."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import cast

import structlog
from structlog.typing import FilteringBoundLogger

REST_SECONDS = 1.0
_logger = cast(FilteringBoundLogger, structlog.get_logger())


class Loop:
    """Runs a step until it is stopped; an error that the step did not expect is logged, and survived."""

    def __init__(
        self, name: str, step: Callable[[], Awaitable[None]], rest_seconds: float = REST_SECONDS
    ) -> None:
        """Keep the step; `rest_seconds` is the pause after an unexpected error."""
        self._name = name
        self._step = step
        self._rest_seconds = rest_seconds
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start on the running loop."""
        self._task = asyncio.create_task(self._run(), name=self._name)

    async def stop(self) -> None:
        """Cancel the step that runs, and wait for its end."""
        task, self._task = self._task, None
        if task is not None:
            _ = task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _run(self) -> None:
        while True:
            try:
                await self._step()
            except Exception:
                _logger.exception("background.failed", work=self._name)
                await asyncio.sleep(self._rest_seconds)
