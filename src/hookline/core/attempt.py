"""An attempt while the row of its task is locked, and what is told of a task."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue

from hookline.domain.ids import DeliveryId
from hookline.domain.lifecycle import AttemptOutcome, Fence, Start
from hookline.domain.queue import ClaimId
from hookline.domain.task import TaskState


@dataclass(slots=True)
class Attempt:
    """One execution of a task; `left_task` is the state in which it left the task."""

    fence: Fence
    worker: str
    claim_id: ClaimId
    lease_hash: str
    tool_hash: str
    started_at: datetime
    confirmed_at: datetime | None = None
    ended_at: datetime | None = None
    outcome: AttemptOutcome | None = None
    digest: str | None = None
    left_task: TaskState | None = None

    def is_of(self, start: Start) -> bool:
        """Whether this claim made it, asked again."""
        return self.claim_id == start.claim_id and self.worker == start.worker


@dataclass(frozen=True, slots=True)
class LifeFact:
    """Something that happened to a task, to be written where its row is."""

    event: str
    fence: Fence | None
    data: Mapping[str, JsonValue]
    delivery_id: DeliveryId | None = None
