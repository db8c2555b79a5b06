"""What can be read of tasks and deliveries, and the ports that storage answers through."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from pydantic import JsonValue

from hookline.domain.command import Band
from hookline.domain.ids import DeliveryId, TaskId
from hookline.domain.lifecycle import AttemptOutcome, Fence
from hookline.domain.task import Task, TaskState
from hookline.domain.work_records import Usage

ItemT_co = TypeVar("ItemT_co", covariant=True)
SHORTEST_PREFIX = 8


@dataclass(frozen=True, slots=True)
class Page(Generic[ItemT_co]):
    """A stretch of a list, newest first; `next` is the cursor of the following one, `None` at the end."""

    items: Sequence[ItemT_co]
    next: str | None


@dataclass(frozen=True, slots=True)
class TaskFilter:
    """Conditions on tasks; what is empty or `None` admits everything."""

    states: frozenset[TaskState] = frozenset()
    provider: str | None = None
    lane: str | None = None
    conversation: str | None = None
    finished_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class DeliveryFilter:
    """Conditions on deliveries; `None` admits everything."""

    status: str | None = None
    provider: str | None = None
    lane: str | None = None


@dataclass(frozen=True, slots=True)
class TaskSummary:
    """A task as lists show it; times are aware UTC."""

    id: TaskId
    state: TaskState
    band: Band
    verb: str
    title: str
    provider: str
    source: str
    lane: str
    conversation: str
    agent: str
    requested_by_name: str | None
    url: str | None
    accepted_at: datetime
    finished_at: datetime | None
    outcome: str | None


@dataclass(frozen=True, slots=True)
class StoredFact:
    """A lifecycle fact as it is stored; `seq` counts from 1 in each task."""

    seq: int
    at: datetime
    event: str
    delivery_id: DeliveryId | None
    fence: int | None
    data: Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class DeliverySummary:
    """A delivery, what it spoke of and what was decided; `size` is in bytes, of the body as received."""

    id: DeliveryId
    provider: str
    source: str
    received_at: datetime
    remote: str
    event: str
    action: str
    external_id: str | None
    lane: str | None
    conversation: str | None
    origin: str | None
    actor_id: str | None
    actor_name: str | None
    actor_kind: str | None
    url: str | None
    title: str
    status: str
    reason: str | None
    detail: str | None
    rule: str | None
    task_id: TaskId | None
    replay_of: DeliveryId | None
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class DeliveryDetail:
    """A delivery with the headers that were kept; its body is read apart, and audited."""

    delivery: DeliverySummary
    headers: Mapping[str, str]
    has_body: bool


@dataclass(frozen=True, slots=True)
class TaskDelivery:
    """A delivery of a task, and its part in it: `origin`, `duplicate` or `control`."""

    role: str
    delivery: DeliverySummary


@dataclass(frozen=True, slots=True)
class AttemptSummary:
    """One execution of a task; `outcome` is `None` while it runs, `usage` where its worker told none."""

    fence: Fence
    worker: str
    started_at: datetime
    ended_at: datetime | None
    outcome: AttemptOutcome | None
    usage: Usage | None


@dataclass(frozen=True, slots=True)
class TaskDetail:
    """A task, its attempts and the facts of its life in order, and the deliveries it has had, oldest first.

    What its agents said is in its story only.
    """

    task: Task
    attempts: Sequence[AttemptSummary]
    facts: Sequence[StoredFact]
    deliveries: Sequence[TaskDelivery]


@dataclass(frozen=True, slots=True)
class RawDelivery:
    """What a replay needs; the body is redacted, and compressed where storage hands it out."""

    id: DeliveryId
    provider: str
    source: str
    received_at: datetime
    remote: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Something an operator did or looked at; `action` is a past-tense word, `target` an id."""

    id: str
    at: datetime
    action: str
    target: str
    data: Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Unqueued:
    """Tasks that could run and that no queue has been told of."""

    count: int
    oldest_accepted_at: datetime | None


class TaskReader(Protocol):
    """Reads tasks; every method raises `StorageUnavailableError` when the database does not answer."""

    async def tasks(
        self, condition: TaskFilter, before: TaskId | None, limit: int, /
    ) -> Sequence[TaskSummary]:
        """The newest tasks that are older than `before`."""
        ...

    async def task(self, task_id: TaskId, /) -> TaskDetail | None:
        """One task with everything about it."""
        ...

    async def task_ids(self, prefix: str, limit: int, /) -> Sequence[TaskId]:
        """Ids that begin so, oldest first."""
        ...

    async def unqueued(self) -> Unqueued:
        """What waits to be brought to the queue."""
        ...


class DeliveryReader(Protocol):
    """Reads deliveries; every method raises `StorageUnavailableError` when the database does not answer."""

    async def deliveries(
        self, condition: DeliveryFilter, before: DeliveryId | None, limit: int, /
    ) -> Sequence[DeliverySummary]:
        """The newest deliveries that are older than `before`."""
        ...

    async def delivery(self, delivery_id: DeliveryId, /) -> DeliveryDetail | None:
        """One delivery, without its body."""
        ...

    async def delivery_ids(self, prefix: str, limit: int, /) -> Sequence[DeliveryId]:
        """Ids that begin so, oldest first."""
        ...

    async def raw(self, delivery_id: DeliveryId, /) -> RawDelivery | None:
        """A delivery with its compressed body; `None` where its body is no longer kept."""
        ...

    async def audited_body(self, delivery_id: DeliveryId, entry: AuditEntry, /) -> bytes | None:
        """The compressed body, with an audit entry in the same transaction.

        Returns:
            `None`, and no entry, where the body is no longer kept.
        """
        ...
