"""What workers send and are answered; every model is strict, and says what it refuses by the field's name."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue

LONGEST_WAIT_SECONDS = 60
MOST_TASKS = 100
MOST_LEASES = 1_000
TEXT_LIMIT = 10_000

Name = Annotated[str, Field(min_length=1, max_length=200)]
Reason = Annotated[str, Field(max_length=TEXT_LIMIT)]
Moment = Annotated[AwareDatetime, Field(strict=False)]
Token = Annotated[str, Field(max_length=100)]


class Message(BaseModel):
    """Root of what is sent and answered."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


class ClaimRequest(Message):
    """Ask for tasks. A claim whose answer was lost is asked again with the same `claim_id`."""

    claim_id: Name
    most: int = Field(default=1, ge=1, le=MOST_TASKS)
    wait_seconds: float = Field(default=0, ge=0, le=LONGEST_WAIT_SECONDS)


class Work(Message):
    """What the agent is asked."""

    id: str
    provider: str
    source: str
    lane: str
    conversation: str
    verb: str
    text: str
    title: str
    url: str | None
    requested_by: str | None
    agent: str
    model: str | None
    mode: str
    repository: str | None
    base_ref: str | None
    band: int
    accepted_at: datetime


class Assigned(Message):
    """A task to run, under which lease. The lease token is the worker's, the tool token its agent's."""

    task: Work
    fence: int
    lease_ends_at: datetime
    lease_token: str
    tool_token: str


class ClaimAnswer(Message):
    """The tasks to run; none where there was nothing to do."""

    tasks: tuple[Assigned, ...]


class HeartbeatRequest(Message):
    """Signs of life of leases; the answer may wait until one of them should stop."""

    lease_tokens: tuple[Token, ...] = Field(min_length=1, max_length=MOST_LEASES, strict=False)
    wait_seconds: float = Field(default=0, ge=0, le=LONGEST_WAIT_SECONDS)


class LeaseState(Message):
    """`held`, `cancelled` (held, and it should stop) or `lost`, in the order of the request.

    Where it is lost, `state` is that of the task, and `holder` has it now, if anybody.
    """

    status: Literal["held", "cancelled", "lost"]
    task_id: str | None = None
    fence: int | None = None
    lease_ends_at: datetime | None = None
    state: str | None = None
    holder: str | None = None
    holder_fence: int | None = None


class HeartbeatAnswer(Message):
    """One state for each lease."""

    leases: tuple[LeaseState, ...]


class EndRequest(Message):
    """The end of an attempt; with `next` the worker claims the next tasks by the same call."""

    lease_token: Token
    next: ClaimRequest | None = None


class CompleteRequest(EndRequest):
    """It succeeded with this result."""

    result: Mapping[str, JsonValue] = Field(default_factory=dict[str, JsonValue])


class FailRequest(EndRequest):
    """It failed; with `retry_in_seconds` it is tried again, unless that happened too often."""

    reason: Reason
    retry_in_seconds: float | None = Field(default=None, ge=0, le=30 * 86_400)


class ReleaseRequest(EndRequest):
    """The worker gives it back."""

    reason: Reason


class DeferRequest(EndRequest):
    """Not before so many seconds have passed; no try is counted."""

    seconds: float = Field(ge=0, le=30 * 86_400)
    reason: Reason


class WaitRequest(EndRequest):
    """It asked a person, and goes on by an answer or after so many seconds."""

    question: Annotated[str, Field(min_length=1, max_length=TEXT_LIMIT)]
    seconds: float = Field(gt=0, le=90 * 86_400)


class StopRequest(EndRequest):
    """It stopped because it was asked to."""

    reason: Reason = ""


class EndAnswer(Message):
    """What became of the task, and what to run next."""

    task_id: str
    state: str
    tasks: tuple[Assigned, ...] = ()


class Trouble(Message):
    """Why it was refused; of a lost lease also who holds it now."""

    error: str
    lease: LeaseState | None = None
