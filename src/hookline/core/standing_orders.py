"""What the queue is told besides tasks until it has heard: pauses, and running tasks that should stop."""

from collections.abc import Collection, Sequence
from typing import Protocol

from hookline.domain.ids import TaskId
from hookline.domain.lifecycle import Fence
from hookline.domain.queue import QueueEpoch, TaskQueue


class OrderSource(Protocol):
    """What the database says should hold; raises `StorageUnavailableError` when it does not answer."""

    async def paused(self) -> Collection[str]:
        """The scopes that are paused."""
        ...

    async def called_off(self) -> Sequence[tuple[TaskId, Fence]]:
        """Running tasks that should stop, each with the attempt that runs."""
        ...


class StandingOrders:
    """Tells the queue what changed since it was told last, and everything where that may be lost.

    A worker that hangs on a long poll hears of a cancel by the queue; whoever asked for it may have committed
    while the queue did not answer, in a process that is gone.
    """

    def __init__(self, queue: TaskQueue, source: OrderSource) -> None:
        """Keep both; the queue is told everything the first time."""
        self._queue = queue
        self._source = source
        self._heard: tuple[frozenset[QueueEpoch], frozenset[str]] | None = None
        self._called_off: frozenset[tuple[TaskId, Fence]] = frozenset()

    def doubt(self) -> None:
        """Let the queue be told everything the next time: it was away, or may be otherwise than it should."""
        self._heard = None
        self._called_off = frozenset()

    async def repeat(self, epochs: frozenset[QueueEpoch]) -> None:
        """Tell the queue of these epochs what it may not have heard.

        Raises:
            QueueUnavailableError: the queue does not answer; the next time it is told again.
            StorageUnavailableError: the database does not answer.
        """
        wanted = (epochs, frozenset(await self._source.paused()))
        if wanted != self._heard:
            self._heard = None
            await self._queue.pause_only(wanted[1])
            self._heard = wanted
        should_stop = frozenset(await self._source.called_off())
        news = sorted(should_stop - self._called_off)
        if news:
            await self._queue.call_off([task_id for task_id, _ in news])
        self._called_off = should_stop
