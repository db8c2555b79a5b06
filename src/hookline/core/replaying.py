"""Replays: a stored delivery is decided about anew, by today's rules and without its signature."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Protocol, TypeAlias, assert_never

from hookline.domain.delivery import Delivery, RequestHead
from hookline.domain.ids import Clock, DeliveryId
from hookline.domain.outcome import ControlRequested, Ignored, Outcome, Reply, TaskRequested
from hookline.domain.reading import AuditEntry, DeliverySummary, RawDelivery
from hookline.domain.task import Task

KEY_LIMIT = 255

_SAID: Mapping[str, str] = {
    "accepted": "task",
    "duplicate": "repetition",
    "ignored": "nothing",
    "reply": "reply",
}
"""What a stored status says was decided; of a repetition it is not known whether it is one of a control."""

_ASKING = frozenset({"task", "control"})
_OF_TASKS = frozenset({"revise", "redelivery"})
"""What is applied to a task by a delivery that asks for one."""


class ReplayRegister(Protocol):
    """Counts the replays of a delivery, each with its entry in the audit."""

    async def begin(self, delivery_id: DeliveryId, entry: AuditEntry, /) -> int:
        """Note that a replay begins.

        Returns:
            Which one of this delivery it is, from 1 on; the entry's data gets it as `generation`.

        Raises:
            StorageUnavailableError: the database does not answer.
        """
        ...


@dataclass(frozen=True, slots=True)
class Decision:
    """What was or would be decided, as far as it is known.

    `what` is task, control, nothing or reply; what was decided may also be a repetition.
    """

    what: str
    reason: str | None = None
    detail: str | None = None
    rule: str | None = None
    control: str | None = None
    verb: str | None = None
    text: str | None = None
    agent: str | None = None
    model: str | None = None
    priority: str | None = None
    mode: str | None = None
    repository: str | None = None
    conversation: str | None = None

    @property
    def parts(self) -> Mapping[str, str | None]:
        """All of it by name."""
        return {
            "what": self.what,
            "reason": self.reason,
            "detail": self.detail,
            "rule": self.rule,
            "control": self.control,
            "verb": self.verb,
            "text": self.text,
            "agent": self.agent,
            "model": self.model,
            "priority": self.priority,
            "mode": self.mode,
            "repository": self.repository,
            "conversation": self.conversation,
        }


Difference: TypeAlias = tuple[str, str | None, str | None]


def arrived_again(raw: RawDelivery, delivery_id: DeliveryId, clock: Clock) -> Delivery:
    """The stored delivery as if it arrived now; it has no signature, and its body is redacted."""
    return Delivery(delivery_id, RequestHead(raw.headers, clock(), raw.remote), raw.body)


def renewed(outcome: Outcome, generation: int) -> Outcome:
    """The outcome with keys of its own, so that the keys of the original do not make it a duplicate.

    Twins of one delivery that are replayed equally often still share their keys. An edit asks for a task of
    its own, for what it revised was revised when it came.
    """
    match outcome:
        case TaskRequested(keys=keys, open_key=open_key):
            fresh = None if open_key is None else _renewed_key(open_key, generation)
            return replace(outcome, keys=_renewed_keys(keys, generation), open_key=fresh, revises=None)
        case ControlRequested(keys=keys):
            return replace(outcome, keys=_renewed_keys(keys, generation))
        case Ignored() | Reply():
            return outcome
        case _:
            assert_never(outcome)


def _renewed_keys(keys: tuple[str, ...], generation: int) -> tuple[str, ...]:
    return tuple(_renewed_key(key, generation) for key in keys)


def _renewed_key(key: str, generation: int) -> str:
    mark = f"~replay{generation}"
    if len(key) + len(mark) <= KEY_LIMIT:
        return key + mark
    digest = sha256(key.encode()).hexdigest()
    return f"{key[: KEY_LIMIT - len(mark) - len(digest) - 1]}#{digest}{mark}"


def decision_then(delivery: DeliverySummary, task: Task | None) -> Decision:
    """What was decided when the delivery arrived; `task` is the one it led to, as it is now.

    A task that an edit has changed since no longer tells how it was.
    """
    known = {"rule": delivery.rule, "conversation": delivery.conversation}
    if delivery.status == "applied":
        control = (delivery.detail or "").partition(":")[0]
        is_of_task = control in _OF_TASKS
        return Decision("task", **known) if is_of_task else Decision("control", control=control, **known)
    what = _SAID.get(delivery.status, delivery.status)
    past = Decision(what, reason=delivery.reason, detail=delivery.detail, **known)
    if task is None or task.delivery_id != delivery.id or task.revision:
        return past
    return replace(
        past,
        verb=task.verb.value,
        text=task.text,
        agent=task.agent,
        model=task.model,
        priority=task.band.name.lower(),
        mode=task.mode.value,
        repository=task.repository,
    )


def decision_today(outcome: Outcome) -> Decision:
    """What would be decided now, before the database has its say."""
    conversation = outcome.facts.conversation
    match outcome:
        case TaskRequested(command=command, plan=plan):
            return Decision(
                what="task",
                rule=plan.rule,
                verb=command.verb.value,
                text=command.text,
                agent=plan.agent,
                model=plan.model,
                priority=plan.band.name.lower(),
                mode=plan.mode.value,
                repository=plan.repository,
                conversation=conversation,
                detail=f"options not allowed by the rule: {', '.join(plan.dropped)}"
                if plan.dropped
                else None,
            )
        case ControlRequested(control=control, rule=rule):
            return Decision("control", rule=rule or None, control=control.name, conversation=conversation)
        case Ignored(reason=reason, detail=detail):
            return Decision("nothing", reason.value, detail or None, conversation=conversation)
        case Reply():
            return Decision("reply", conversation=conversation)
        case _:
            assert_never(outcome)


def differences(then: Decision, today: Decision) -> list[Difference]:
    """What differs, by name; what is no longer known of the old decision does not count."""
    old, new = then.parts, today.parts
    is_repetition = then.what == "repetition" and today.what in _ASKING
    unknown = {"what"} if is_repetition else set[str]()
    if then.verb is None and (is_repetition or then.what == today.what):
        unknown |= {name for name in _FORGOTTEN if old[name] is None}
    return [(name, old[name], new[name]) for name in old if old[name] != new[name] and name not in unknown]


_FORGOTTEN = frozenset({"control", "verb", "text", "agent", "model", "priority", "mode", "repository"})
