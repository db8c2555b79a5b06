"""Texts that mention the agent: written, edited, deleted."""

from collections.abc import Mapping
from dataclasses import replace
from enum import Enum, auto
from hashlib import sha256
from typing import assert_never

from hookline.domain.command import CONTROL_VERBS, Command
from hookline.domain.frozen import frozen
from hookline.domain.outcome import (
    ControlRequested,
    Facts,
    Ignored,
    Outcome,
    Reason,
    Trigger,
    Withdraw,
    Withdrawal,
)
from hookline.webhooks.github.identity import loop_behind
from hookline.webhooks.github.inbound import Inbound, Place
from hookline.webhooks.github.markdown import command_in
from hookline.webhooks.github.payloads import Changes, User, WritingEvent, Written
from hookline.webhooks.github.ruling import TRUSTED_STANDINGS, Wish, rule_on


class Act(Enum):
    """What was done to a text."""

    WRITTEN = auto()
    EDITED = auto()
    DELETED = auto()


ACTS: Mapping[str, Act] = {
    "created": Act.WRITTEN,
    "opened": Act.WRITTEN,
    "submitted": Act.WRITTEN,
    "edited": Act.EDITED,
    "deleted": Act.DELETED,
}


@frozen
class Writing:
    """A text, the event that speaks of it, its place and the branch it is about.

    `issue_closed` is the number of the issue whose conversation the text's own one joins.
    """

    event: WritingEvent
    text: Written
    place: Place
    base: str | None
    issue_closed: int | None = None


def interpret_writing(inbound: Inbound, writing: Writing) -> Outcome:
    """What became of a text, by the event's action."""
    text = writing.text
    facts = inbound.facts(writing.event, writing.place, text.user)
    loop = loop_behind(inbound.source, (writing.event.sender, text.user), text.performed_via_github_app)
    if loop is not None:
        return Ignored(facts, loop)
    act = ACTS.get(facts.action)
    match act:
        case None:
            return Ignored(facts, Reason.ACTION_NOT_USED, facts.action)
        case Act.WRITTEN:
            return _ask(inbound, writing, facts)
        case Act.EDITED:
            return _revise(inbound, writing, facts, writing.event.changes or Changes())
        case Act.DELETED:
            return _withdraw(inbound, writing, facts, Withdrawal.DELETED)
        case _:
            assert_never(act)


def _ask(inbound: Inbound, writing: Writing, facts: Facts) -> Outcome:
    command = command_in(writing.text.text, inbound.policy.handle)
    if command is None:
        return Ignored(facts, Reason.NO_COMMAND)
    keys = inbound.claims(writing.event, writing.place)
    return _decide(inbound, writing, facts, command, keys)


def _revise(inbound: Inbound, writing: Writing, facts: Facts, changes: Changes) -> Outcome:
    if changes.body is None and changes.title is None:
        return Ignored(facts, Reason.ACTION_NOT_USED, "neither title nor body changed")
    command = command_in(writing.text.text, inbound.policy.handle)
    if command is None:
        return _withdraw(inbound, writing, facts, Withdrawal.COMMAND_REMOVED)
    if command.verb in CONTROL_VERBS and not _is_new(inbound, command, changes):
        return Ignored(facts, Reason.NO_COMMAND, f"{command.verb.value} was there before the edit")
    first = inbound.subject(writing.event, writing.place)
    return _decide(inbound, writing, facts, command, _edit_keys(inbound, writing), first)


def _is_new(inbound: Inbound, command: Command, changes: Changes) -> bool:
    if changes.body is None:
        return False
    before = command_in(changes.body.previous or "", inbound.policy.handle)
    return before is None or before.verb is not command.verb


def _withdraw(inbound: Inbound, writing: Writing, facts: Facts, why: Withdrawal) -> Outcome:
    event, place = writing.event, writing.place
    is_edit = why is Withdrawal.COMMAND_REMOVED
    keys = _edit_keys(inbound, writing) if is_edit else inbound.claims(event, place, why.value)
    return ControlRequested(facts, Withdraw(inbound.origin(event, place), why), keys)


def _edit_keys(inbound: Inbound, writing: Writing) -> tuple[str, ...]:
    digest = sha256(writing.text.text.encode()).hexdigest()[:16]
    return inbound.claims(writing.event, writing.place, writing.text.changed, digest)


def _decide(
    inbound: Inbound,
    writing: Writing,
    facts: Facts,
    command: Command,
    keys: tuple[str, ...],
    revises: str | None = None,
) -> Outcome:
    if not _is_own_act(writing.event.sender, writing.text.user):
        return Ignored(facts, Reason.NOT_ALLOWED, "the text is somebody else's")
    standing = writing.text.author_association or ""
    issue = writing.issue_closed
    return rule_on(
        inbound,
        Wish(
            facts=facts
            if issue is None
            else replace(facts, conversation=inbound.issue(writing.event, issue)),
            trigger=Trigger.MENTION,
            keys=keys,
            repository=writing.event.repository.full_name,
            base=writing.base,
            entitled=standing in TRUSTED_STANDINGS,
            command=command,
            standing=standing,
            revises=revises,
            joins=None if issue is None else facts.conversation,
        ),
    )


def _is_own_act(sender: User | None, author: User | None) -> bool:
    return author is not None and (sender is None or sender.id == author.id)
