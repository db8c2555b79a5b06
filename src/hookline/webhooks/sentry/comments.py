"""Resource `comment`: a person may call the agent, and a rule says what for.

The words of a comment never choose the verb or an option.
"""

from collections.abc import Mapping

from hookline.core.commands import mention_of
from hookline.core.payloads import parse_json
from hookline.domain.outcome import (
    ActorKind,
    ControlRequested,
    Facts,
    Ignored,
    Outcome,
    Reason,
    Trigger,
    Withdraw,
    Withdrawal,
)
from hookline.webhooks.sentry.arrival import Arrival, Matter, Request, by_machine, own_words
from hookline.webhooks.sentry.comment_text import spoken
from hookline.webhooks.sentry.payloads import PROVIDER, CommentNotice
from hookline.webhooks.sentry.places import Site
from hookline.webhooks.sentry.subjects import comment_of, comment_version

_USED = frozenset({"created", "updated", "deleted"})
_GONE: Mapping[str, Withdrawal] = {
    "updated": Withdrawal.COMMAND_REMOVED,
    "deleted": Withdrawal.DELETED,
}


def read_comment(arrival: Arrival) -> Outcome:
    """Decide about a comment that was written, edited or deleted."""
    notice = parse_json(PROVIDER, CommentNotice, arrival.body)
    data, action = notice.data, notice.action
    place = data.issue_id or None
    matter = Matter(
        Site(project=data.project_slug), place, f"comment/{data.comment_id}", title=data.comment or ""
    )
    facts = arrival.facts(matter, action, notice.actor, notice.installation)
    if arrival.is_own(notice.actor):
        return own_words(facts)
    if notice.actor and notice.actor.is_application:
        return by_machine(facts)
    if action not in _USED:
        return Ignored(facts, Reason.EVENT_UNKNOWN, facts.action)
    if place is None:
        return Ignored(facts, Reason.NO_CONVERSATION)
    if action == "deleted" or not _calls(arrival, data.comment):
        return _say_no_longer(arrival, facts, notice)
    return arrival.ask(facts, place, _request(facts, notice))


def _calls(arrival: Arrival, comment: str | None) -> bool:
    return comment is not None and mention_of(arrival.policy.handle).search(spoken(comment)) is not None


def _say_no_longer(arrival: Arrival, facts: Facts, notice: CommentNotice) -> Outcome:
    why = _GONE.get(notice.action)
    if why is None or facts.origin is None:
        return Ignored(facts, Reason.NO_COMMAND)
    keys = arrival.claims(comment_version(notice.action, notice.data))
    return ControlRequested(facts, Withdraw(facts.origin, why), keys)


def _request(facts: Facts, notice: CommentNotice) -> Request:
    first, is_edit = comment_of(notice.data), notice.action == "updated"
    return Request(
        Trigger.MENTION,
        comment_version(notice.action, notice.data) if is_edit else (first,),
        is_entitled=facts.actor is not None and facts.actor.kind is ActorKind.PERSON,
        revises=first if is_edit else None,
    )
