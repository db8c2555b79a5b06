"""Rules: what may start an agent, who may ask, and how it runs."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from hookline.domain.command import Band, Verb
from hookline.domain.frozen import frozen
from hookline.domain.trigger import Trigger

MOST_BUDGET_USD = 10_000
"""What one task may cost where a rule says nothing."""


class Mode(StrEnum):
    """`live` does everything; `staged` everything but the visible effects."""

    LIVE = "live"
    STAGED = "staged"


class Priority(StrEnum):
    """The four bands by name."""

    CRITICAL = "critical"
    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"

    @property
    def band(self) -> Band:
        """The band of this name."""
        return Band[self.name]


Words = Annotated[frozenset[str], Field(strict=False)]
Association = Literal[
    "OWNER",
    "MEMBER",
    "COLLABORATOR",
    "CONTRIBUTOR",
    "FIRST_TIMER",
    "FIRST_TIME_CONTRIBUTOR",
    "MANNEQUIN",
    "NONE",
]
Associations = Annotated[frozenset[Association], Field(strict=False)]
Triggers = Annotated[frozenset[Annotated[Trigger, Field(strict=False)]], Field(strict=False)]
Verbs = Annotated[frozenset[Annotated[Verb, Field(strict=False)]], Field(strict=False)]
VerbField = Annotated[Verb, Field(strict=False)]
PriorityField = Annotated[Priority, Field(strict=False)]
ModeField = Annotated[Mode, Field(strict=False)]


class _Section(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


class Match(_Section):
    """Conditions of a rule; every one that is given must hold, an empty one always does.

    `lane` entries may end in `*`. `level` compares with the alert's level.
    """

    provider: Words = frozenset()
    source: Words = frozenset()
    event: Words = frozenset()
    action: Words = frozenset()
    lane: Words = frozenset()
    trigger: Triggers = frozenset()
    label: Words = frozenset()
    verb: Verbs = frozenset()
    level: Words = frozenset()


class Allow(_Section):
    """Who may ask; empty means the provider's own default.

    `users` are ids, or logins where the provider has them (GitHub, Jira Data Center),
    `channels` Slack channel ids, `associations` GitHub's words. With several lists,
    an asker must be in each that is given. `write_permission` needs a call to the provider.
    """

    associations: Associations = frozenset()
    users: Words = frozenset()
    channels: Words = frozenset()
    write_permission: bool = False


class Run(_Section):
    """How the agent runs, and what a command's options may change.

    With `fold` a follow-up that waits becomes part of the attempt before it, where it would run alike.
    `verb` and `text` replace the command where no person wrote one. `models` and `agents` are what options
    may choose besides the rule's own; `max_priority` is the highest band an option may ask for.
    """

    agent: str = Field(default="echo", min_length=1, max_length=100)
    model: str | None = None
    priority: PriorityField = Priority.NORMAL
    max_priority: PriorityField = Priority.HIGH
    budget_usd: Annotated[float, Field(gt=0, le=MOST_BUDGET_USD)] | None = None
    mode: ModeField = Mode.LIVE
    repository: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$")
    base: str | None = None
    verb: VerbField | None = None
    text: str | None = Field(default=None, max_length=10_000)
    models: Words = frozenset()
    agents: Words = frozenset()
    fold: bool = False


class Rule(_Section):
    """One rule; the first that matches decides."""

    name: str = Field(min_length=1, max_length=100)
    match: Match = Match()
    allow: Allow = Allow()
    run: Run = Run()


class Caps(_Section):
    """How many tasks an hour may bring; `None` is no cap."""

    lane: Annotated[int, Field(gt=0)] | None = None
    person: Annotated[int, Field(gt=0)] | None = None
    source: Annotated[int, Field(gt=0)] | None = None


@frozen
class Plan:
    """How a task will run: the rule's settings with the command's options applied.

    `dropped` names the options that the rule did not allow. With `folds` it may become part of another task
    of its conversation that runs alike.
    """

    rule: str
    agent: str
    band: Band
    mode: Mode
    model: str | None = None
    budget_usd: Decimal | None = None
    repository: str | None = None
    base: str | None = None
    dropped: tuple[str, ...] = ()
    folds: bool = False
