"""Posts: said, edited, deleted; with or without a mention."""

from collections.abc import Callable, Mapping

from hookline.domain.command import Command
from hookline.domain.errors import MalformedPayloadError
from hookline.domain.outcome import (
    ControlRequested,
    Ignored,
    Outcome,
    Reason,
    Trigger,
    Withdraw,
    Withdrawal,
)
from hookline.webhooks.slack.asking import Asking, Desk, decide
from hookline.webhooks.slack.event_types import UNUSED_SUBTYPES
from hookline.webhooks.slack.events import Envelope, Event
from hookline.webhooks.slack.mrkdwn import command_after_mention, command_of_message, read_mrkdwn
from hookline.webhooks.slack.people import is_of_the_house, mentionable_ids, silenced
from hookline.webhooks.slack.said import Said, edited_at, facts_of, is_tombstone, placed, post_of


def interpret_post(desk: Desk, envelope: Envelope, event: Event) -> Outcome:
    """Decide about a `message` or `app_mention` event.

    Raises:
        MalformedPayloadError: it does not say which post it speaks of.
    """
    silence = silenced(post_of(event), envelope, desk.source.bot_names)
    facts = facts_of(desk.keys, envelope, event, silence)
    if silence is not None:
        return Ignored(facts, silence)
    treatment = _TREATMENTS.get(event.subtype or "")
    if treatment is None:
        is_known = event.subtype in UNUSED_SUBTYPES
        return Ignored(facts, Reason.ACTION_NOT_USED if is_known else Reason.EVENT_UNKNOWN, facts.action)
    return treatment(desk, placed(desk.source.provider, desk.keys, envelope, event, facts))


def _said(desk: Desk, said: Said) -> Outcome:
    command = _command(desk, said)
    if command is None:
        return Ignored(said.facts, Reason.NO_COMMAND)
    return _ask(desk, said, command)


def _changed(desk: Desk, said: Said) -> Outcome:
    message = said.event.message
    if message is None:
        raise MalformedPayloadError(desk.source.provider, "event.message: Field required")
    if is_tombstone(message):
        return _deleted(desk, said)
    if message.subtype in UNUSED_SUBTYPES:
        return Ignored(said.facts, Reason.ACTION_NOT_USED, message.subtype or "")
    if _reads_as_before(said):
        return Ignored(said.facts, Reason.ACTION_NOT_USED, "text unchanged")
    command = _command(desk, said)
    if command is None:
        return _withdraw(desk, said, Withdrawal.COMMAND_REMOVED, said.edition)
    return _ask(desk, said, command)


def _deleted(desk: Desk, said: Said) -> Outcome:
    return _withdraw(desk, said, Withdrawal.DELETED, "deleted")


_TREATMENTS: Mapping[str, Callable[[Desk, Said], Outcome]] = {
    "": _said,
    "file_share": _said,
    "me_message": _said,
    "message_changed": _changed,
    "message_deleted": _deleted,
    "thread_broadcast": _said,
}


def _reads_as_before(said: Said) -> bool:
    """Unfurled links and growing threads change a post as well, without anybody having edited it."""
    previous = said.event.previous_message
    if previous is None:
        return not edited_at(said.post)
    return (previous.text or "") == (said.post.text or "")


def _command(desk: Desk, said: Said) -> Command | None:
    prose = read_mrkdwn(said.post.text or "")
    bots = mentionable_ids(said.envelope, desk.source.bot_names)
    if said.is_direct:
        return command_of_message(prose, bots, desk.policy.handle)
    is_addressed = said.event.type == "app_mention"
    return command_after_mention(prose, bots, desk.policy.handle, addressed=is_addressed)


def _ask(desk: Desk, said: Said, command: Command) -> Outcome:
    edition = said.edition
    asking = Asking(
        facts=said.facts,
        command=command,
        trigger=Trigger.DIRECT_MESSAGE if said.is_direct else Trigger.MENTION,
        channel=said.channel.id,
        entitled=is_of_the_house(said.envelope, said.event),
        keys=_keys(desk, said, edition),
        revises=said.channel.subject(said.ts) if edition else None,
    )
    return decide(desk, asking)


def _withdraw(desk: Desk, said: Said, why: Withdrawal, version: str) -> Outcome:
    origin = said.channel.origin("message", said.ts)
    return ControlRequested(said.facts, Withdraw(origin, why), _keys(desk, said, version))


def _keys(desk: Desk, said: Said, version: str) -> tuple[str, ...]:
    subject = said.channel.subject(said.ts, *((version,) if version else ()))
    event_id = said.envelope.event_id
    return (desk.keys.delivery(event_id), subject) if event_id else (subject,)
