"""Work that goes on behind: a step again and again, whatever one of them runs into."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import cast

import structlog
from structlog.typing import FilteringBoundLogger

REST_SECONDS = 1.0
AGAIN_SECONDS = 1.0
_logger = cast(FilteringBoundLogger, structlog.get_logger())


async def end(task: asyncio.Task[None], again_seconds: float = AGAIN_SECONDS) -> None:
    """Cancel a task, and wait for its end; drivers swallow a cancellation now and then."""
    while not task.done():
        _ = task.cancel()
        _ = await asyncio.wait({task}, timeout=again_seconds)


class Loop:
    """Runs a step until it is stopped; an error that the step did not expect is logged, and survived."""

    def __init__(
        self,
        name: str,
        step: Callable[[], Awaitable[None]],
        rest_seconds: float = REST_SECONDS,
        again_seconds: float = AGAIN_SECONDS,
    ) -> None:
        """Keep the step.

        Args:
            name: of the work, for people.
            step: done again and again.
            rest_seconds: the pause after an unexpected error.
            again_seconds: when a step that was cancelled and goes on is cancelled again.
        """
        self._name = name
        self._step = step
        self._rest_seconds = rest_seconds
        self._again_seconds = again_seconds
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start on the running loop."""
        self._task = asyncio.create_task(self._run(), name=self._name)

    async def stop(self) -> None:
        """Cancel the step that runs, and wait for its end."""
        task, self._task = self._task, None
        if task is not None:
            await end(task, self._again_seconds)

    async def _run(self) -> None:
        while True:
            try:
                await self._step()
            except Exception:
                _logger.exception("background.failed", work=self._name)
                await asyncio.sleep(self._rest_seconds)
