"""The port of the queue: an index of the tasks that may run, which can be rebuilt from the database."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NewType, Protocol, TypeAlias

from hookline.domain.command import Band
from hookline.domain.frozen import frozen
from hookline.domain.ids import TaskId

QueueEpoch = NewType("QueueEpoch", str)
"""Names one uninterrupted life of the queue's data: after a wipe or a restart of its server it is another."""


ClaimId = NewType("ClaimId", str)
"""Names one claim; a worker makes it up, and asks with the same one again when an answer was lost."""


@frozen
class Lease:
    """Who holds a running task, by which claim, and until when."""

    claim_id: ClaimId
    ends_at: datetime
    is_cancelled: bool = False


@frozen
class QueuedTask:
    """What the queue knows of a task; all of it comes from the task's row, so a re-push changes nothing.

    `accepted_at` fixes its place. `due_at` holds it back until then. `lease` is there where it runs.
    """

    task_id: TaskId
    band: Band
    lane: str
    conversation: str
    accepted_at: datetime
    due_at: datetime | None = None
    lease: Lease | None = None


@frozen
class Changed:
    """What a transaction changed: tasks that the queue should take in, and those it should let go of.

    `running` are those whose workers should be told to stop.
    """

    queued: Sequence[QueuedTask] = ()
    removed: Sequence[TaskId] = ()
    running: Sequence[TaskId] = ()


@frozen
class Terms:
    """How a lane is served: its weight among lanes, and how many of its tasks may run at once (0: any)."""

    weight: float = 1.0
    cap: int = 0


LaneTerms: TypeAlias = Callable[[str], Terms]
"""Tells the terms of a lane."""


@frozen
class ClaimCall:
    """A worker that wants tasks: by which claim, how many at most, and how long the first lease holds."""

    claim_id: ClaimId
    most: int
    lease: timedelta


@frozen
class Holding:
    """A task under the lease that a claim made."""

    task_id: TaskId
    lane: str
    claim_id: ClaimId


@frozen
class Taken:
    """What a claim got; `look_again_in` is when something becomes due by itself, where anything will."""

    holdings: Sequence[Holding]
    look_again_in: timedelta | None

    @property
    def task_ids(self) -> Sequence[TaskId]:
        """The ids of the tasks."""
        return [holding.task_id for holding in self.holdings]


@frozen
class Settlement:
    """A claimed task leaves its lease: for good, or to come again at `due_at`."""

    holding: Holding
    is_over: bool
    due_at: datetime | None = None


@frozen
class Settled:
    """Whether the queue knew the lease, and what the next claim got."""

    was_held: bool
    taken: Taken


@frozen
class LaneDepth:
    """How many tasks of a lane and band wait, and since when the first of the runnable ones does."""

    lane: str
    band: Band
    waiting: int
    oldest_accepted_at: datetime | None


@frozen
class QueueStats:
    """What waits and what runs, by lane; `delayed` of those that wait are not due yet."""

    waiting: Sequence[LaneDepth]
    running: Mapping[str, int]
    delayed: int = 0


EVERY_LANE = "*"
"""The scope of a pause of the whole queue."""


class TaskQueue(Protocol):
    """Orders the tasks that may run, and remembers who holds those that do.

    Bands are strict, within a bound: a task whose acceptance plus its band times the age bound is the
    earliest of all comes first. Inside a band lanes take turns by their weights; inside a lane and band it is
    first in, first out. Of a conversation one task at a time is given out; those behind it lend it their
    band.

    A lease is known by the claim that made it. The queue judges nothing: what the database says of a task
    wins.

    Every method raises `QueueUnavailableError` when the server cannot be reached, refuses, or does not answer
    in time; the call may have had its effect then, and may be repeated.
    """

    async def enqueue(self, tasks: Sequence[QueuedTask], /) -> Sequence[QueueEpoch]:
        """Take in tasks; one that is in already keeps its place, in the band that it has now.

        It is noted as running where it has a lease.

        Returns:
            The epoch that each task is in now.
        """
        ...

    async def claim(self, call: ClaimCall, /) -> Taken:
        """Give out tasks; the same claim asked again gets the same tasks, as long as their leases hold."""
        ...

    async def settle(self, settlement: Settlement, then: ClaimCall | None, /) -> Settled:
        """End a lease, and claim the next in the same round trip where `then` is given."""
        ...

    async def extend(self, holdings: Sequence[Holding], lease: timedelta, /) -> Sequence[TaskId]:
        """Extend leases; tells which tasks are not held by the given claims."""
        ...

    async def remove(self, task_ids: Sequence[TaskId], /) -> int:
        """Take tasks out, whoever holds them; tells how many were in."""
        ...

    async def call_off(self, task_ids: Sequence[TaskId], /) -> None:
        """Tell whoever holds these tasks that they should stop, as far as anybody listens."""
        ...

    async def pause(self, scope: str, /) -> None:
        """Give out nothing of a lane, or nothing at all (`EVERY_LANE`)."""
        ...

    async def resume(self, scope: str, /) -> None:
        """Take back a pause."""
        ...

    async def pause_only(self, scopes: Collection[str], /) -> None:
        """Pause these scopes, and take back every other pause, whoever made it."""
        ...

    async def held(self, cursor: int, limit: int, /) -> tuple[int, Sequence[TaskId]]:
        """About `limit` of the tasks that are in, and the cursor of the next ones; 0 begins and ends."""
        ...

    async def depth(self) -> Mapping[Band, int]:
        """How many tasks of each band wait; every band is named."""
        ...

    async def stats(self) -> QueueStats:
        """What waits and runs, lane by lane."""
        ...

    async def epochs(self) -> frozenset[QueueEpoch]:
        """The epochs of the data as it is now; each begins with this call where there is none.

        Data of which a part is missing is thrown away, so that it comes back whole in another epoch.
        """
        ...

    async def close(self) -> None:
        """Let go of all connections."""
        ...
