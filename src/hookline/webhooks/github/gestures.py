"""Labels, assignments and review requests: what to do comes only from rules."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hookline.domain.outcome import Ignored, Outcome, Reason, Trigger
from hookline.domain.text import NAME_LIMIT, one_line
from hookline.webhooks.github.identity import is_ours, loop_behind
from hookline.webhooks.github.inbound import Inbound, Place
from hookline.webhooks.github.payloads import User, WritingEvent
from hookline.webhooks.github.ruling import TRUSTED_STANDINGS, Wish, rule_on
from hookline.webhooks.github.writing import Writing


@dataclass(frozen=True, slots=True)
class Gesture:
    """A wordless request: what it hangs on the topic, by which name, and the account it turns to."""

    trigger: Trigger
    kind: str
    name: str
    account: User | None = None


def _labelled(event: WritingEvent) -> Gesture:
    return Gesture(Trigger.LABEL, "label", event.label.name if event.label else "")


def _assigned(event: WritingEvent) -> Gesture:
    account = event.assignee
    return Gesture(Trigger.ASSIGNMENT, "assignee", account.login if account else "", account)


def _review_requested(event: WritingEvent) -> Gesture:
    account = event.requested_reviewer
    return Gesture(Trigger.REVIEW_REQUEST, "reviewer", account.login if account else "", account)


GESTURES: Mapping[str, Callable[[WritingEvent], Gesture]] = {
    "labeled": _labelled,
    "assigned": _assigned,
    "review_requested": _review_requested,
}


def interpret_gesture(inbound: Inbound, topic: Writing, gesture: Gesture) -> Outcome:
    """Any label counts, for rules choose; assignments and review requests only where they are ours.

    The sender has triage rights, for GitHub lets nobody else do it, with one exception: an issue template
    labels and assigns in its author's name, so authors need the standing that their words would need.
    """
    name = one_line(gesture.name, NAME_LIMIT)
    place = Place(
        topic.place.tail, f"{topic.place.part}/{gesture.kind}/{name}", topic.place.url, topic.place.title
    )
    facts = inbound.facts(topic.event, place)
    loop = loop_behind(inbound.source, (topic.event.sender,))
    if loop is not None:
        return Ignored(facts, loop)
    if gesture.trigger is not Trigger.LABEL and not is_ours(inbound.source, gesture.account):
        return Ignored(facts, Reason.NO_COMMAND, f"another {gesture.kind}")
    standing = _standing(topic)
    return rule_on(
        inbound,
        Wish(
            facts=facts,
            trigger=gesture.trigger,
            keys=inbound.claims(topic.event, place, topic.text.changed),
            repository=topic.event.repository.full_name,
            base=topic.base,
            entitled=topic.event.sender is not None and (not standing or standing in TRUSTED_STANDINGS),
            label=name if gesture.trigger is Trigger.LABEL else "",
            standing=standing,
        ),
    )


def _standing(topic: Writing) -> str:
    sender, author = topic.event.sender, topic.text.user
    if sender is None or author is None or sender.id != author.id:
        return ""
    return topic.text.author_association or "NONE"
