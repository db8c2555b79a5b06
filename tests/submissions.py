"""Makes receipts, submissions and notes for tests of storage, with ids that sort by their time."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count

from hookline.domain.command import Band, Command, Verb
from hookline.domain.ids import DeliveryId, TaskId
from hookline.domain.intake import Note, Receipt, Submission
from hookline.domain.outcome import (
    Actor,
    Control,
    ControlRequested,
    ConversationControl,
    Facts,
    Ignored,
    Reason,
    TaskRequested,
    Trigger,
    Withdraw,
    Withdrawal,
)
from hookline.domain.rules import Mode, Plan

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LANE = "github:octo/app"
CONVERSATION = f"{LANE}#12"
ORIGIN = f"{LANE}:comment/17"
BODY = b'{"action":"created"}'
PLAN = Plan(rule="mention", agent="echo", band=Band.NORMAL, mode=Mode.LIVE)


def uuid7(moment: datetime, number: int) -> str:
    """A UUIDv7 of a moment, told from others of its millisecond by a number."""
    digits = f"{int(moment.timestamp() * 1000):012x}7{number >> 60 & 0xFFF:03x}8{number & (1 << 60) - 1:015x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


@dataclass
class Clockwork:
    """Tells the time it is set to."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def advance(self, by: timedelta) -> None:
        self.now += by


@dataclass
class Sender:
    """Makes submissions of one provider, each a millisecond after the one before."""

    clock: Clockwork = field(default_factory=Clockwork)
    numbers: count = field(default_factory=lambda: count(1))

    def new_id(self) -> str:
        return uuid7(self.clock(), next(self.numbers))

    def pass_an_hour(self) -> None:
        self.clock.advance(timedelta(hours=1))

    def receipt(self, **changes: object) -> Receipt:
        self.clock.advance(timedelta(milliseconds=1))
        receipt = Receipt(
            id=DeliveryId(self.new_id()),
            provider="github",
            source="default",
            received_at=self.clock(),
            remote="203.0.113.7",
            size=len(BODY),
            sha256="0" * 64,
            headers='{"x-github-event":"issue_comment"}',
            body=BODY,
        )
        return replace(receipt, **changes)

    def facts(self, **changes: object) -> Facts:
        facts = Facts(
            event="issue_comment",
            action="created",
            lane=LANE,
            conversation=CONVERSATION,
            origin=ORIGIN,
            actor=Actor("583231", "octocat"),
            url="https://github.example.com/octo/app/issues/12#issuecomment-17",
            title="Login fails",
        )
        return replace(facts, **changes)

    def asks(
        self, *keys: str, text: str = "the login test", plan: Plan = PLAN, **changes: object
    ) -> Submission:
        """A delivery that asks for a task; other words change its facts or the request."""
        about = {name: changes.pop(name) for name in tuple(changes) if name in Facts.__slots__}
        asked = TaskRequested(
            facts=self.facts(**about),
            command=Command(Verb.FIX, text),
            trigger=Trigger.MENTION,
            plan=plan,
            keys=keys,
        )
        return Submission(self.receipt(), replace(asked, **changes), TaskId(self.new_id()))

    def edits(self, *keys: str, **changes: object) -> Submission:
        """A delivery that says an edit of the text that was asked for with the key `v1` asks for a task."""
        return self.asks(*keys, **{"revises": "v1", "action": "edited", **changes})

    def controls(self, control: Control, *keys: str) -> Submission:
        """A delivery that asks for a control."""
        place = control.conversation if isinstance(control, ConversationControl) else CONVERSATION
        asked = ControlRequested(self.facts(conversation=place), control, keys, rule="mention")
        return Submission(self.receipt(), asked, TaskId(self.new_id()))

    def cancels(self, *keys: str, conversation: str = CONVERSATION, task_id: str | None = None) -> Submission:
        """A delivery that cancels the tasks of a conversation, or one of them."""
        return self.controls(ConversationControl(Verb.CANCEL, conversation, task_id=task_id), *keys)

    def withdraws(self, *keys: str, origin: str = ORIGIN) -> Submission:
        """A delivery that says a comment was deleted."""
        return self.controls(Withdraw(origin, Withdrawal.DELETED), *keys)

    def ignored(self, **changes: object) -> Note:
        """A delivery that asks for nothing."""
        return Note(self.receipt(), Ignored(self.facts(**changes), Reason.NO_COMMAND, "no mention"))
