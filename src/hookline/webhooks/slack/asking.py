"""Asks the policy, and turns its ruling into an outcome."""

from typing import assert_never

from hookline.core.keys import KeySpace
from hookline.domain.command import CONTROL_VERBS, Command
from hookline.domain.frozen import frozen
from hookline.domain.outcome import (
    ControlRequested,
    ConversationControl,
    Facts,
    Ignored,
    Outcome,
    Reason,
    TaskRequested,
    Trigger,
)
from hookline.domain.policy import Admitted, Candidate, Policy, Refused
from hookline.domain.source import Source


@frozen
class Desk:
    """What every decision needs at hand."""

    source: Source
    policy: Policy
    keys: KeySpace


@frozen
class Asking:
    """A command, who brought it where, and the keys it claims."""

    facts: Facts
    command: Command
    trigger: Trigger
    channel: str
    entitled: bool
    keys: tuple[str, ...]
    revises: str | None = None
    task_id: str | None = None


def decide(desk: Desk, asking: Asking) -> Outcome:
    """Let the policy decide about a command."""
    candidate = Candidate(
        provider=desk.source.provider,
        source=desk.source.name,
        facts=asking.facts,
        trigger=asking.trigger,
        entitled=asking.entitled,
        command=asking.command,
        channel=asking.channel,
    )
    ruling = desk.policy.rule_on(candidate)
    match ruling:
        case Refused(reason=reason, detail=detail):
            return Ignored(asking.facts, reason, detail)
        case Admitted() if ruling.command.verb in CONTROL_VERBS:
            return _control(asking, ruling)
        case Admitted(command=command, plan=plan):
            return TaskRequested(asking.facts, command, asking.trigger, plan, asking.keys, asking.revises)
        case _:
            assert_never(ruling)


def _control(asking: Asking, ruling: Admitted) -> Outcome:
    conversation = asking.facts.conversation
    if conversation is None:
        return Ignored(asking.facts, Reason.NO_CONVERSATION, ruling.plan.rule)
    command = ruling.command
    control = ConversationControl(command.verb, conversation, command.text, asking.task_id)
    return ControlRequested(asking.facts, control, asking.keys, ruling.plan.rule)
