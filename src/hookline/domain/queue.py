"""The port of the task queue; the database is the truth, the queue an index of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NewType, Protocol

from hookline.domain.command import Band
from hookline.domain.ids import TaskId

QueueEpoch = NewType("QueueEpoch", str)
"""Names one life of the queue's data; another one means that the data may be gone."""


@dataclass(frozen=True, slots=True)
class QueuedTask:
    """What the queue knows of a task; `fence` is the database's, as a floor."""

    task_id: TaskId
    band: Band
    lane: str
    accepted_at: datetime
    fence: int


class TaskQueue(Protocol):
    """Tasks that wait for an agent, in the order in which they will be claimed.

    Every method raises `QueueUnavailableError` when the server does not answer.
    """

    async def enqueue(self, tasks: Sequence[QueuedTask], /) -> QueueEpoch:
        """Add tasks; one that is there already keeps its place.

        Returns:
            The epoch the tasks are in now.
        """
        ...

    async def remove(self, task_ids: Sequence[TaskId], /) -> int:
        """Take tasks out; unknown ones are no change. Tells how many were there."""
        ...

    async def peek(self, limit: int, /) -> Sequence[TaskId]:
        """The first tasks, in the order in which they would be claimed."""
        ...

    async def depth(self) -> Mapping[Band, int]:
        """How many tasks wait, by band."""
        ...

    async def epoch(self) -> QueueEpoch:
        """The epoch of the server's data as it is now."""
        ...

    async def close(self) -> None:
        """Close the connections."""
        ...
