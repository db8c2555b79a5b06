"""Brings to the queue what the database holds and the queue does not know, and takes out what is over."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, cast

import structlog
from structlog.typing import FilteringBoundLogger

from hookline.core.background import Loop
from hookline.core.metrics import Metrics
from hookline.core.standing_orders import OrderSource, StandingOrders
from hookline.domain.errors import HooklineError, QueueUnavailableError
from hookline.domain.ids import Clock, TaskId
from hookline.domain.queue import QueuedTask, QueueEpoch, TaskQueue

_log = cast(FilteringBoundLogger, structlog.get_logger())


class RelaySource(OrderSource, Protocol):
    """What the relay asks the database."""

    async def missing(
        self, epochs: Collection[QueueEpoch], before: datetime, limit: int, /
    ) -> Sequence[QueuedTask]:
        """Running and claimable tasks, accepted before a moment, that no queue of these epochs has.

        The oldest come first.
        """
        ...

    async def mark_each(self, marks: Sequence[tuple[TaskId, QueueEpoch]], /) -> None:
        """Note for each of these tasks in which epoch's queue it is."""
        ...

    async def unfinished_after(self, task_id: TaskId, limit: int, /) -> Sequence[QueuedTask]:
        """Running and claimable tasks behind this one, in the order of their ids."""
        ...

    async def over(self, task_ids: Sequence[TaskId], /) -> Sequence[TaskId]:
        """Which of these tasks the queue should not hold: finished, waiting for a person, or unknown."""
        ...


@dataclass(frozen=True, slots=True)
class RelayPace:
    """How often and how much the relay works.

    `grace` leaves fresh tasks to the feed, which pushes them at once; every `audit_every`th round looks for
    single losses.
    """

    interval_seconds: float = 1.0
    grace: timedelta = timedelta(seconds=4)
    batch: int = 1_000
    audit_batch: int = 500
    audit_every: int = 10


class Relay:
    """One at a time per installation; `is_on_duty` tells whether it is this one."""

    def __init__(
        self,
        queue: TaskQueue,
        source: RelaySource,
        metrics: Metrics,
        clock: Clock,
        is_on_duty: Callable[[], Awaitable[bool]],
        pace: RelayPace | None = None,
    ) -> None:
        """Keep the parts; nothing runs before `start`."""
        self._queue = queue
        self._source = source
        self._metrics = metrics
        self._clock = clock
        self._is_on_duty = is_on_duty
        self._pace = pace or RelayPace()
        self._orders = StandingOrders(queue, source)
        self._audited = TaskId("")
        self._cursor = 0
        self._loop = Loop("relay", self._work_next)
        self._was_down = False
        self._rounds = 0

    def start(self) -> None:
        """Start working on the running loop."""
        self._loop.start()

    async def stop(self) -> None:
        """Stop between two batches."""
        await self._loop.stop()

    async def relay_once(self) -> int:
        """Push everything that is missing, after the pauses; tells how many tasks it was.

        Raises:
            QueueUnavailableError: the queue does not answer.
            StorageUnavailableError: the database does not answer.
        """
        epochs = await self._queue.epochs()
        await self._orders.repeat(epochs)
        pushed = 0
        while True:
            before = self._clock() - self._pace.grace
            missing = await self._source.missing(epochs, before, self._pace.batch)
            if not missing:
                return pushed
            now_in = await self._queue.enqueue(missing)
            pairs = zip(missing, now_in, strict=True)
            await self._source.mark_each([(task.task_id, epoch) for task, epoch in pairs])
            self._metrics.relayed(len(missing))
            pushed += len(missing)
            epochs |= frozenset(now_in)

    async def audit_once(self) -> None:
        """Compare the next stretch of both sides: push again what may be lost, remove what is over.

        Pauses and cancels are told anew the next time.
        """
        self._orders.doubt()
        stretch = await self._source.unfinished_after(self._audited, self._pace.audit_batch)
        if stretch:
            _ = await self._queue.enqueue(stretch)
        self._audited = stretch[-1].task_id if len(stretch) == self._pace.audit_batch else TaskId("")
        self._cursor, held = await self._queue.held(self._cursor, self._pace.audit_batch)
        over = await self._source.over(held)
        if over:
            _ = await self._queue.remove(over)

    async def _work_next(self) -> None:
        try:
            if await self._is_on_duty():
                await self._work()
        except QueueUnavailableError as error:
            self._tell_down(error)
        except HooklineError as error:
            _log.warning("relay.failed", why=str(error))
        await asyncio.sleep(self._pace.interval_seconds)

    async def _work(self) -> None:
        pushed = await self.relay_once()
        if self._was_down or pushed:
            _log.info("relay.pushed", tasks=pushed)
        self._was_down = False
        self._rounds += 1
        if self._rounds % self._pace.audit_every == 0:
            await self.audit_once()
        self._metrics.queue_depth(await self._queue.depth())

    def _tell_down(self, error: HooklineError) -> None:
        self._orders.doubt()
        if not self._was_down:
            _log.warning("queue.unavailable", why=str(error))
        self._was_down = True
