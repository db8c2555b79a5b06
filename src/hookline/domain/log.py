"""What the task log is made of, and the port through which the logger reads it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from hookline.domain.ids import DeliveryId, TaskId
from hookline.domain.reading import DeliverySummary, StoredFact


@dataclass(frozen=True, slots=True)
class TaskOrigin:
    """What the lines before `task.created` are projected from.

    `delivery` is `None` once its row is pruned. `text` holds the first words of the command, on one line.
    """

    accepted_at: datetime
    provider: str
    source: str
    trigger: str
    text: str
    delivery: DeliverySummary | None


@dataclass(frozen=True, slots=True)
class LoggedTask:
    """Facts of one task in the order of their `seq`; `origin` is there where the first of them is."""

    id: TaskId
    delivery_id: DeliveryId
    origin: TaskOrigin | None
    facts: Sequence[StoredFact]


class LogSource(Protocol):
    """Facts that are stored and not yet in the task's file.

    Every method raises `StorageUnavailableError` when the database does not answer.
    """

    async def unlogged(self, limit: int, /) -> Sequence[LoggedTask]:
        """At most `limit` tasks with all their unlogged facts, oldest facts first."""
        ...

    async def whole(self, task_id: TaskId, /) -> LoggedTask | None:
        """A task with all its facts, logged or not."""
        ...

    async def mark_logged(self, facts: Sequence[tuple[TaskId, int]], /) -> None:
        """Note that these facts, by task and `seq`, are in their files."""
        ...


class Duties(Protocol):
    """Duties that one process at a time performs.

    Every method raises `StorageUnavailableError` when the database does not answer.
    """

    async def hold(self, name: str, holder: str, for_: timedelta, /) -> bool:
        """Take a duty that is free or over, or renew one's own; false: another one has it."""
        ...

    async def release(self, name: str, holder: str, /) -> None:
        """Give up one's own duty; no change where another one has it."""
        ...
