"""A task queue behind a circuit breaker: a server that hangs costs nothing after the first time-outs."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

from hookline.core.circuit_breaker import CircuitBreaker
from hookline.core.retry import Retrier
from hookline.domain.command import Band
from hookline.domain.errors import CircuitOpenError, QueueUnavailableError
from hookline.domain.ids import TaskId
from hookline.domain.queue import QueuedTask, QueueEpoch, TaskQueue

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

    async def enqueue(self, tasks: Sequence[QueuedTask], /) -> QueueEpoch:
        """Take in tasks."""
        return await self._call("enqueue", lambda: self._queue.enqueue(tasks))

    async def remove(self, task_ids: Sequence[TaskId], /) -> int:
        """Take tasks out; after a repetition the number may leave out what an earlier try removed."""
        return await self._call("remove", lambda: self._queue.remove(task_ids))

    async def peek(self, limit: int, /) -> Sequence[TaskId]:
        """The next tasks."""
        return await self._call("peek", lambda: self._queue.peek(limit))

    async def depth(self) -> Mapping[Band, int]:
        """How many tasks each band holds."""
        return await self._call("depth", self._queue.depth)

    async def epoch(self) -> QueueEpoch:
        """The epoch of the data."""
        return await self._call("epoch", self._queue.epoch)

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
