"""What an update of an issue asks for: a label, an assignment, a status, an edited description."""

from collections.abc import Callable, Iterator, Mapping

from hookline.domain.outcome import Trigger
from hookline.domain.text import NAME_LIMIT, one_line
from hookline.webhooks.jira.case import Case, Proposal
from hookline.webhooks.jira.payloads import Change
from hookline.webhooks.jira.places import change_version

_LABELS_LIMIT = 100
_ASSIGNED = "issue_assigned"


def proposals_of_creation(case: Case) -> Iterator[Proposal]:
    """What a new issue asks for besides its words: the labels and the assignee it was made with."""
    for label in dict.fromkeys(case.event.fields.labels or ()):
        yield _labelled(case, label, "created")
    if _is_assigned_to_us(case):
        yield _proposal(case, Trigger.ASSIGNMENT, "assignee", "created")


def proposals_of_update(case: Case) -> Iterator[Proposal]:
    """What the changed fields ask for, the words of the description aside.

    Some senders announce an assignment with an empty changelog; then the issue's assignee counts.
    """
    for change in case.event.changes:
        if reading := _READINGS.get(change.system_field):
            yield from reading(case, change)
    if case.event.action == _ASSIGNED and not case.event.changes and _is_assigned_to_us(case):
        yield _proposal(case, Trigger.ASSIGNMENT, "assignee", change_version(case.event))


def edited_description(case: Case) -> Change | None:
    """The change of the description, if it was one."""
    return next((change for change in case.event.changes if change.system_field == "description"), None)


def _labels(case: Case, change: Change) -> Iterator[Proposal]:
    """Jira writes all labels before and after, separated by spaces."""
    before = frozenset((change.from_string or "").split())
    after = dict.fromkeys((change.to_string or "").split())
    added = [label for label in after if label not in before]
    for label in added[:_LABELS_LIMIT]:
        yield _labelled(case, label, change_version(case.event))


def _assignee(case: Case, change: Change) -> Iterator[Proposal]:
    if case.ours.include(change.to, change.to_account):
        yield _proposal(case, Trigger.ASSIGNMENT, "assignee", change_version(case.event))


def _status(case: Case, change: Change) -> Iterator[Proposal]:
    if change.to_string:
        status = one_line(change.to_string, NAME_LIMIT)
        yield _proposal(case, Trigger.STATUS, "status", change_version(case.event), label=status)


_READINGS: Mapping[str, Callable[[Case, Change], Iterator[Proposal]]] = {
    "labels": _labels,
    "assignee": _assignee,
    "status": _status,
}


def _labelled(case: Case, label: str, version: str) -> Proposal:
    return _proposal(case, Trigger.LABEL, "label", version, label=one_line(label, NAME_LIMIT))


def _proposal(case: Case, trigger: Trigger, part: str, version: str, *, label: str = "") -> Proposal:
    """A proposal of whoever changed the issue.

    Its origin is the changed field, not the issue's words: editing the description must not withdraw it.
    """
    asker = case.actor_account
    return Proposal(
        case.facts(asker, part), trigger, asker, case.place.subject("change", version), label=label
    )


def _is_assigned_to_us(case: Case) -> bool:
    return case.ours.include_account(case.event.fields.assignee)
