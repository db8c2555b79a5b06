"""What a handler makes of a delivery: a closed union."""

from dataclasses import field, replace
from enum import StrEnum
from typing import TypeAlias

from hookline.domain.command import Command, Verb
from hookline.domain.frozen import frozen
from hookline.domain.rules import Plan
from hookline.domain.trigger import Trigger


class ActorKind(StrEnum):
    """Who acted, as far as the payload tells."""

    PERSON = "person"
    BOT = "bot"
    APP = "app"
    UNKNOWN = "unknown"


class Reason(StrEnum):
    """Why a delivery started nothing."""

    EVENT_NOT_USED = "event_not_used"
    EVENT_UNKNOWN = "event_unknown"
    ACTION_NOT_USED = "action_not_used"
    NO_COMMAND = "no_command"
    NO_RULE = "no_rule"
    NOT_ALLOWED = "not_allowed"
    OWN_WORDS = "own_words"
    BOT = "bot"
    CHAIN_TOO_DEEP = "chain_too_deep"
    NO_CONVERSATION = "no_conversation"
    NO_REPOSITORY = "no_repository"
    CONTROL_UNAVAILABLE = "control_unavailable"
    NOTHING_TO_CANCEL = "nothing_to_cancel"
    NOTHING_TO_RETRY = "nothing_to_retry"
    NOTHING_TO_WITHDRAW = "nothing_to_withdraw"
    ALREADY_STARTED = "already_started"
    CAPPED = "capped"


@frozen
class Actor:
    """The one who acted: the provider's stable id, a name to show, and what kind of account it is."""

    id: str
    name: str
    kind: ActorKind = ActorKind.PERSON


@frozen
class Facts:
    """What a delivery speaks of, recorded with every outcome.

    `external_id` is the provider's id of the delivery; `origin` the subject without its version;
    `interactive` is set where a person waits for a message in the answer itself (Slack).
    """

    event: str
    action: str = ""
    external_id: str | None = None
    lane: str | None = None
    conversation: str | None = None
    origin: str | None = None
    actor: Actor | None = None
    url: str | None = None
    title: str = ""
    interactive: bool = False

    def about(self, conversation: str, origin: str) -> "Facts":
        """The same facts, speaking of another conversation and origin."""
        return replace(self, conversation=conversation, origin=origin)


@frozen
class TaskRequested:
    """A task is asked for.

    `keys` are all dedupe keys of the delivery, subject keys included. `revises` is set for an edit, to the
    subject key of the text as it was first written. Where the origin has a task that has not started, the
    edit revises it; where it has none, the edit makes one and claims that key too, so that the first version
    makes no second one when it comes later.
    `open_key` is claimed while the task is unfinished and freed in the transaction that ends it.
    With `replaces` it takes the place of what the same rule and trigger made for its conversation before, as
    long as that has not started.
    `joins` is a second conversation key that from now on means `facts.conversation` (a pull request opened
    for an issue).
    """

    facts: Facts
    command: Command
    trigger: Trigger
    plan: Plan
    keys: tuple[str, ...]
    revises: str | None = None
    open_key: str | None = None
    joins: str | None = None
    replaces: bool = False


class Withdrawal(StrEnum):
    """Why the text that asked for a task asks no longer."""

    DELETED = "deleted"
    COMMAND_REMOVED = "command_removed"


@frozen
class Withdraw:
    """The comment or message at `origin` was deleted, or its command was removed."""

    origin: str
    why: Withdrawal
    name: str = "withdraw"


@frozen
class ConversationControl:
    """A control verb about the tasks of a conversation; `task_id` where a button names one."""

    verb: Verb
    conversation: str
    text: str = ""
    task_id: str | None = None

    @property
    def name(self) -> str:
        """The control's word in answers."""
        return self.verb.value


Control: TypeAlias = Withdraw | ConversationControl


@frozen
class ControlRequested:
    """A control is asked for; it claims its keys only when it is applied."""

    facts: Facts
    control: Control
    keys: tuple[str, ...]
    rule: str = ""


@frozen
class Reply:
    """A handshake that wants this body in its answer."""

    facts: Facts
    body: bytes
    content_type: str = "application/json"


@frozen
class Ignored:
    """Nothing to do, for a reason; `detail` names the rule or the word at fault, never a secret."""

    facts: Facts
    reason: Reason
    detail: str = ""
    notes: tuple[str, ...] = field(default=())


Outcome: TypeAlias = TaskRequested | ControlRequested | Reply | Ignored
