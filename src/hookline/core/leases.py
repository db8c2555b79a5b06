"""What workers do with the leases that they hold: keep them by signs of life, and end them."""

import asyncio
from collections.abc import Collection, Generator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta

from hookline.core.claiming import Assignment, Claiming
from hookline.core.waiting_line import set_within
from hookline.domain.errors import QueueUnavailableError
from hookline.domain.frozen import frozen
from hookline.domain.ids import Clock, TaskId
from hookline.domain.intake import QueueLedger
from hookline.domain.lifecycle import (
    Beat,
    BeatAnswer,
    Ending,
    Finish,
    FinishAnswer,
    Finished,
    Held,
    LifecycleStore,
)
from hookline.domain.queue import ClaimCall, Settled, Settlement, TaskQueue
from hookline.domain.workers import WorkLease

LEASE = timedelta(seconds=60)
SHARE_OF_LEASE = 2
"""A heartbeat waits for half of what it extends, at most: the rest is for the next one to arrive."""


@frozen
class Ended:
    """What a finish was answered, and what the worker is to run next."""

    answer: FinishAnswer
    next: Sequence[Assignment]


class CallOffs:
    """Who wants to know at once that a task should stop."""

    def __init__(self) -> None:
        """Nobody does yet."""
        self._listeners: dict[TaskId, list[asyncio.Event]] = {}

    def tell(self, task_id: TaskId) -> None:
        """This one should stop."""
        for listener in self._listeners.get(task_id, ()):
            listener.set()

    def doubt(self) -> None:
        """Something may have been told that nobody heard: let all who listen ask the database."""
        for listeners in self._listeners.values():
            for listener in listeners:
                listener.set()

    def close(self) -> None:
        """Let everybody go who listens: the process is about to end."""
        self.doubt()

    @contextmanager
    def listening(self, task_ids: Collection[TaskId]) -> Generator[asyncio.Event]:
        """An event that is set when one of these should stop."""
        told = asyncio.Event()
        for task_id in task_ids:
            self._listeners.setdefault(task_id, []).append(told)
        try:
            yield told
        finally:
            for task_id in task_ids:
                listeners = self._listeners[task_id]
                listeners.remove(told)
                if not listeners:
                    del self._listeners[task_id]


class Leases:
    """The database is asked first, and judges; the queue follows as far as it answers."""

    def __init__(
        self,
        queue: TaskQueue,
        life: LifecycleStore,
        ledger: QueueLedger,
        claiming: Claiming,
        call_offs: CallOffs,
        clock: Clock,
        lease: timedelta = LEASE,
    ) -> None:
        """Keep the parts.

        Args:
            queue: what may run.
            life: what does run.
            ledger: tells tasks as the queue should know them.
            claiming: gives the next task to a worker that finished one.
            call_offs: wakes a worker that should stop.
            clock: tells when leases are extended and attempts end.
            lease: for how long a sign of life holds.
        """
        self._queue = queue
        self._life = life
        self._ledger = ledger
        self._claiming = claiming
        self._call_offs = call_offs
        self._clock = clock
        self._lease = lease

    async def beat(self, leases: Sequence[WorkLease], wait: timedelta) -> Sequence[BeatAnswer]:
        """Extend leases; answers at once where one is lost or should stop, else as soon as one should.

        It waits for `wait` at most, and never so long that the leases could run out meanwhile.

        Raises:
            StorageUnavailableError: the database does not answer.
        """
        with self._call_offs.listening({lease.task_id for lease in leases}) as told:
            answers = await self._extend(leases)
            is_quiet = all(isinstance(answer, Held) and not answer.is_cancelled for answer in answers)
            longest = min(wait, self._lease / SHARE_OF_LEASE)
            if is_quiet and await set_within(told, longest.total_seconds()):
                return await self._extend(leases)
        return answers

    async def _extend(self, leases: Sequence[WorkLease]) -> Sequence[BeatAnswer]:
        beats = [Beat(lease.task_id, lease.fence) for lease in leases]
        answers = await self._life.extend(beats, self._lease, self._clock())
        pairs = zip(leases, answers, strict=True)
        holdings = [lease.holding for lease, answer in pairs if isinstance(answer, Held)]
        with suppress(QueueUnavailableError):
            unknown = await self._queue.extend(holdings, self._lease)
            if unknown:
                _ = await self._queue.enqueue(await self._ledger.as_queued(unknown))
        return answers

    async def finish(self, lease: WorkLease, ending: Ending, digest: str, then: ClaimCall | None) -> Ended:
        """End an attempt, and begin the next one of the same worker where `then` is given.

        Raises:
            UnfitFinishError: what the ending holds cannot be kept; nothing has changed.
            StorageUnavailableError: the database does not answer.
        """
        answer = await self._life.finish(Finish(lease.task_id, lease.fence, ending, digest), self._clock())
        if not isinstance(answer, Finished):
            return Ended(answer, ())
        try:
            settled = await self._settle(lease, answer, then)
            following = () if then is None else await self._claiming.begin(lease.worker, settled.taken)
        except QueueUnavailableError:
            following = ()
        return Ended(answer, following)

    async def _settle(self, lease: WorkLease, answer: Finished, then: ClaimCall | None) -> Settled:
        again = answer.again
        due_at = None if again is None else again.due_at
        settled = await self._queue.settle(Settlement(lease.holding, again is None, due_at), then)
        if settled.was_held:
            return settled
        if again is None:
            _ = await self._queue.remove([lease.task_id])
        else:
            _ = await self._queue.enqueue([again])
        return settled
