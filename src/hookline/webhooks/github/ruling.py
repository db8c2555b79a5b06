"""From a candidate to an outcome, by the policy's ruling."""

from typing import assert_never

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
from hookline.domain.policy import Admitted, Candidate, Refused
from hookline.webhooks.github.inbound import Inbound

TRUSTED_STANDINGS = frozenset({"OWNER", "MEMBER", "COLLABORATOR"})
"""GitHub's author associations that may ask by default."""


@frozen
class Wish:
    """What an event asks for: GitHub's share of a candidate, with the keys and ties of the task to be."""

    facts: Facts
    trigger: Trigger
    keys: tuple[str, ...]
    repository: str
    base: str | None
    entitled: bool = True
    command: Command | None = None
    label: str = ""
    level: str = ""
    standing: str = ""
    revises: str | None = None
    joins: str | None = None
    replaces: bool = False


def rule_on(inbound: Inbound, wish: Wish) -> Outcome:
    """Ask the policy; a control verb becomes a control, every other one a task."""
    ruling = inbound.policy.rule_on(
        Candidate(
            provider=inbound.source.provider,
            source=inbound.source.name,
            facts=wish.facts,
            trigger=wish.trigger,
            entitled=wish.entitled,
            command=wish.command,
            label=wish.label,
            level=wish.level,
            standing=wish.standing,
            logins=frozenset({wish.facts.actor.name}) if wish.facts.actor else frozenset(),
            repository=wish.repository,
            base=wish.base,
        )
    )
    match ruling:
        case Refused(reason=reason, detail=detail):
            return Ignored(wish.facts, reason, detail)
        case Admitted(command=command) if command.verb in CONTROL_VERBS:
            return _control(wish, command, ruling.plan.rule)
        case Admitted(command=command, plan=plan):
            ties = (wish.keys, wish.revises)
            return TaskRequested(
                *(wish.facts, command, wish.trigger, plan, *ties), joins=wish.joins, replaces=wish.replaces
            )
        case _:
            assert_never(ruling)


def _control(wish: Wish, command: Command, rule: str) -> Outcome:
    if wish.facts.conversation is None:
        return Ignored(wish.facts, Reason.NO_CONVERSATION)
    control = ConversationControl(command.verb, wish.facts.conversation, command.text)
    return ControlRequested(wish.facts, control, wish.keys, rule)
