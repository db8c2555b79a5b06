"""Ends what ran out: leases that nobody extended, and waits that nobody answered."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import cast

import structlog
from structlog.typing import FilteringBoundLogger

from hookline.core.aftermath import Aftermath
from hookline.core.background import Loop
from hookline.domain.errors import HooklineError
from hookline.domain.ids import Clock
from hookline.domain.lifecycle import LifecycleStore
from hookline.domain.queue import Changed

EVERY_SECONDS = 1.0
AT_ONCE = 200
_log = cast(FilteringBoundLogger, structlog.get_logger())


class Reaper:
    """One at a time per installation; a task whose worker is gone is queued again by it."""

    def __init__(
        self,
        life: LifecycleStore,
        aftermath: Aftermath,
        clock: Clock,
        is_on_duty: Callable[[], Awaitable[bool]],
        rest: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Keep the parts; nothing runs before `start`."""
        self._life = life
        self._aftermath = aftermath
        self._clock = clock
        self._is_on_duty = is_on_duty
        self._rest = rest
        self._loop = Loop("reaper", self._work_next)
        self._was_failing = False

    def start(self) -> None:
        """Start working on the running loop."""
        self._loop.start()

    async def stop(self) -> None:
        """Stop between two batches."""
        await self._loop.stop()

    async def reap_once(self) -> Changed:
        """End what ran out, at most so many; the queue learns it by the same hand-over as after a commit.

        Raises:
            StorageUnavailableError: the database does not answer.
        """
        changed = await self._life.reap(AT_ONCE, self._clock())
        self._aftermath.take(changed)
        return changed

    async def _work_next(self) -> None:
        try:
            if await self._is_on_duty():
                _ = await self.reap_once()
            self._was_failing = False
        except HooklineError as error:
            if not self._was_failing:
                _log.warning("reaper.failed", why=str(error))
            self._was_failing = True
        await self._rest(EVERY_SECONDS)
