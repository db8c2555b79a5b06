"""The port of the queue: an index of the tasks that may run, which can be rebuilt from the database."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NewType, Protocol

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


class TaskQueue(Protocol):
    """Orders the tasks that may run.

    A task comes before another whose acceptance plus its band times the age bound is later: bands are strict
    within the bound, beyond it age wins, and inside one band it is first in, first out.

    Every method raises `QueueUnavailableError` when the server cannot be reached, refuses, or does not answer
    in time; the call may have had its effect then, and may be repeated.
    """

    async def enqueue(self, tasks: Sequence[QueuedTask], /) -> QueueEpoch:
        """Take in tasks; one that is in already keeps its place.

        Returns:
            The epoch the tasks are in now.
        """
        ...

    async def remove(self, task_ids: Sequence[TaskId], /) -> int:
        """Take tasks out; one that is not in is no change. Tells how many were in."""
        ...

    async def peek(self, limit: int, /) -> Sequence[TaskId]:
        """The next tasks in the order in which they would be claimed."""
        ...

    async def depth(self) -> Mapping[Band, int]:
        """How many tasks each band holds; every band is named."""
        ...

    async def epoch(self) -> QueueEpoch:
        """The epoch of the data as it is now."""
        ...

    async def close(self) -> None:
        """Let go of all connections."""
        ...
