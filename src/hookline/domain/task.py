"""A task: one piece of work for an agent."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hookline.domain.command import Band, Verb
from hookline.domain.ids import DeliveryId, TaskId
from hookline.domain.rules import Mode


class TaskState(StrEnum):
    """States of a task's life."""

    AUTHORIZING = "authorizing"
    QUEUED = "queued"
    SCHEDULED = "scheduled"
    RUNNING = "running"
    WAITING = "waiting"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    DEAD = "dead"


FINISHED_STATES = frozenset({TaskState.SUCCEEDED, TaskState.FAILED, TaskState.CANCELLED, TaskState.DEAD})
UNSTARTED_STATES = frozenset({TaskState.AUTHORIZING, TaskState.QUEUED, TaskState.SCHEDULED})
CLAIMABLE_STATES = frozenset({TaskState.QUEUED, TaskState.SCHEDULED})


@dataclass(frozen=True, slots=True)
class Task:
    """A task as the database knows it; times are aware UTC."""

    id: TaskId
    state: TaskState
    verb: Verb
    text: str
    title: str
    provider: str
    source: str
    lane: str
    conversation: str
    origin: str
    band: Band
    agent: str
    model: str | None
    mode: Mode
    repository: str | None
    base_ref: str | None
    rule: str
    trigger: str
    requested_by: str | None
    requested_by_name: str | None
    delivery_id: DeliveryId
    url: str | None
    accepted_at: datetime
    due_at: datetime | None
    finished_at: datetime | None
    cancel_requested_at: datetime | None
    fence: int
    revision: int
    outcome: str | None
