"""What workers send and are answered; every model is strict, and says what it refuses by the field's name."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue

from hookline.domain.briefs import WordsKind
from hookline.domain.source import MEBIBYTE
from hookline.domain.work_records import AgentEvent

LARGEST_BODY = 2 * MEBIBYTE
LONGEST_WAIT_SECONDS = 60
MOST_TASKS = 100
MOST_LEASES = 1_000
TEXT_LIMIT = 10_000
MOST_LINES = 500
LINE_LIMIT = 16_000
LAST_LINE = 1_000_000
LARGEST_COUNT = 10**12

Name = Annotated[str, Field(min_length=1, max_length=200)]
Reason = Annotated[str, Field(max_length=TEXT_LIMIT)]
Moment = Annotated[AwareDatetime, Field(strict=False)]
Token = Annotated[str, Field(max_length=100)]
Count = Annotated[int, Field(ge=0, le=LARGEST_COUNT)]


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


class Said(Message):
    """What a person said after the task was made: a follow-up that it absorbed, or an answer to its question.

    With `is_new` no earlier attempt of the task was told.
    """

    kind: WordsKind
    text: str
    said_by: str | None
    url: str | None
    said_at: datetime
    is_new: bool


class Assigned(Message):
    """A task to run, under which lease. The lease token is the worker's, the tool token its agent's.

    `session` is the agent's newest one about this conversation, to go on in; `words` come after the task's
    text, oldest first.
    """

    task: Work
    session: str | None = None
    words: tuple[Said, ...] = ()
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


class Line(Message):
    """One line of an agent's output; `name` is the tool's. The gateway's clock tells when it came."""

    event: AgentEvent
    text: Annotated[str, Field(max_length=LINE_LIMIT)]
    name: Name | None = None


class LogRequest(Message):
    """Lines of an attempt, numbered from 1; the same ones again are stored once."""

    lease_token: Token
    first: int = Field(ge=1, le=LAST_LINE)
    lines: tuple[Line, ...] = Field(min_length=1, max_length=MOST_LINES, strict=False)


class LogAnswer(Message):
    """How many lines were stored now, and the number of the one that should come next.

    `is_truncated`: the attempt has told so much that the rest is dropped; it need not tell more.
    """

    stored: int
    next: int
    is_truncated: bool = False


class UsageReport(Message):
    """What an attempt has used since it began, never less than was told before; money in millionths."""

    input_tokens: Count = 0
    cached_input_tokens: Count = 0
    output_tokens: Count = 0
    turns: Count = 0
    cost_micro_usd: Count = 0


class UsageRequest(UsageReport):
    """Tell what an attempt has used so far: totals, so that the same again changes nothing."""

    lease_token: Token


class SessionRequest(Message):
    """Tell the agent's own name for its session, in which follow-ups of the conversation go on."""

    lease_token: Token
    session: Name


class SessionAnswer(Message):
    """The session as it is kept."""

    session: str


class EffectRequest(Message):
    """Ask for something that the outside world shall see; `key` names it within its task and kind."""

    lease_token: Token
    kind: str = Field(pattern=r"^[a-z][a-z_]{0,31}$")
    key: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9:._/#@-]{0,149}$")
    payload: Mapping[str, JsonValue]


class EffectAnswer(Message):
    """The effect's whole key, and whether it was stored by this call."""

    key: str
    is_new: bool


class Trouble(Message):
    """Why it was refused; of a lost lease also who holds it now."""

    error: str
    lease: LeaseState | None = None
