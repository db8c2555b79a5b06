"""A task queue behind a circuit breaker: a server that hangs costs nothing after the first time-outs."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import timedelta
from typing import TypeVar

from hookline.core.circuit_breaker import CircuitBreaker
from hookline.core.retry import Retrier
from hookline.domain.command import Band
from hookline.domain.errors import CircuitOpenError, QueueUnavailableError
from hookline.domain.ids import TaskId
from hookline.domain.queue import (
    ClaimCall,
    Holding,
    QueuedTask,
    QueueEpoch,
    QueueStats,
    Settled,
    Settlement,
    Taken,
    TaskQueue,
)

ResultT = TypeVar("ResultT")


def speaks_against_the_queue(error: Exception) -> bool:
    """Whether an error counts as a failure of the queue's server; also whether it may pass by itself."""
    return isinstance(error, QueueUnavailableError)


class GuardedTaskQueue:
    """Implements `TaskQueue` by another one.

    Every try goes through the breaker; a refused one is a `QueueUnavailableError` whose cause is the
    `CircuitOpenError`, and is not repeated. Intake and relay share the breaker; only the relay retries.
    """

    def __init__(self, queue: TaskQueue, breaker: CircuitBreaker, retrier: Retrier | None = None) -> None:
        """Wrap a queue.

        Args:
            queue: the one that does the work.
            breaker: with `speaks_against_the_queue` as its `is_failure`.
            retrier: with `speaks_against_the_queue` as its `is_transient`; `None`: every call is one try.
        """
        self._queue = queue
        self._breaker = breaker
        self._retrier = retrier

    async def enqueue(self, tasks: Sequence[QueuedTask], /) -> Sequence[QueueEpoch]:
        """Take in tasks."""
        return await self._call("enqueue", lambda: self._queue.enqueue(tasks))

    async def claim(self, call: ClaimCall, /) -> Taken:
        """Give out tasks."""
        return await self._call("claim", lambda: self._queue.claim(call))

    async def settle(self, settlement: Settlement, then: ClaimCall | None, /) -> Settled:
        """End a lease; after a repetition it may tell of one that was not held."""
        return await self._call("settle", lambda: self._queue.settle(settlement, then))

    async def extend(self, holdings: Sequence[Holding], lease: timedelta, /) -> Sequence[TaskId]:
        """Extend leases."""
        return await self._call("extend", lambda: self._queue.extend(holdings, lease))

    async def remove(self, task_ids: Sequence[TaskId], /) -> int:
        """Take tasks out; after a repetition the number may leave out what an earlier try removed."""
        return await self._call("remove", lambda: self._queue.remove(task_ids))

    async def call_off(self, task_ids: Sequence[TaskId], /) -> None:
        """Tell whoever holds these tasks that they should stop."""
        await self._call("call_off", lambda: self._queue.call_off(task_ids))

    async def pause(self, scope: str, /) -> None:
        """Give out nothing of a lane, or nothing at all."""
        await self._call("pause", lambda: self._queue.pause(scope))

    async def resume(self, scope: str, /) -> None:
        """Take back a pause."""
        await self._call("resume", lambda: self._queue.resume(scope))

    async def pause_only(self, scopes: Collection[str], /) -> None:
        """Pause these scopes and no others."""
        await self._call("pause_only", lambda: self._queue.pause_only(scopes))

    async def held(self, cursor: int, limit: int, /) -> tuple[int, Sequence[TaskId]]:
        """Some of the tasks that are in."""
        return await self._call("held", lambda: self._queue.held(cursor, limit))

    async def depth(self) -> Mapping[Band, int]:
        """How many tasks of each band wait."""
        return await self._call("depth", self._queue.depth)

    async def stats(self) -> QueueStats:
        """What waits and runs."""
        return await self._call("stats", self._queue.stats)

    async def epochs(self) -> frozenset[QueueEpoch]:
        """The epochs of the data."""
        return await self._call("epochs", self._queue.epochs)

    async def close(self) -> None:
        """Close the queue, whatever the breaker says."""
        await self._queue.close()

    async def _call(self, name: str, call: Callable[[], Awaitable[ResultT]]) -> ResultT:
        try:
            if self._retrier is None:
                return await self._breaker.call(call)
            return await self._retrier.call(f"queue.{name}", lambda: self._breaker.call(call))
        except CircuitOpenError as error:
            raise QueueUnavailableError(str(error)) from error
