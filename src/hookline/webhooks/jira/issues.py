"""Issues: created, updated, deleted."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from hookline.domain.outcome import (
    Facts,
    Ignored,
    Outcome,
    Reason,
    Trigger,
    Withdraw,
    Withdrawal,
)
from hookline.domain.text import NAME_LIMIT, one_line
from hookline.webhooks.jira.case import Case, Proposal
from hookline.webhooks.jira.changes import edited_description, proposals_of_creation, proposals_of_update
from hookline.webhooks.jira.comments import (
    comment_deleted,
    comment_edited,
    comment_of_update,
    comment_written,
)
from hookline.webhooks.jira.payloads import Change
from hookline.webhooks.jira.people import loop_reason
from hookline.webhooks.jira.places import change_version

_ISSUE = "issue"
_COMMENT_UPDATES: Mapping[str, Callable[[Case], Outcome]] = {
    "issue_commented": comment_written,
    "issue_comment_edited": comment_edited,
    "issue_comment_deleted": comment_deleted,
}


def issue_created(case: Case) -> Outcome:
    """A new issue asks with its description, its labels or its assignee."""
    facts = _facts(case)
    if early := _not_to_be_heard(case, facts):
        return early
    return _first_admitted(case, _of_creation(case, facts)) or Ignored(facts, Reason.NO_COMMAND)


def issue_updated(case: Case) -> Outcome:
    """An update asks with a comment or with what it changed."""
    if reading := _COMMENT_UPDATES.get(case.event.action or ""):
        return reading(case)
    if case.event.comment is None:
        return _changed(case)
    of_comment = comment_of_update(case)
    if not isinstance(of_comment, Ignored) or not case.event.changes:
        return of_comment
    of_changes = _changed(case)
    return of_comment if isinstance(of_changes, Ignored) else of_changes


def issue_deleted(case: Case) -> Outcome:
    """A deleted issue's description asks no longer."""
    facts = _facts(case)
    if early := _not_to_be_heard(case, facts):
        return early
    return _withdrawn(case, facts, Withdrawal.DELETED, "deleted")


def _changed(case: Case) -> Outcome:
    facts = _facts(case)
    if early := _not_to_be_heard(case, facts):
        return early
    edit = edited_description(case)
    described = list(_of_description(case, facts, edit)) if edit else []
    outcome = _first_admitted(case, (*described, *proposals_of_update(case)))
    if edit and not described and isinstance(outcome, Ignored | None):
        return _withdrawn(case, facts, Withdrawal.COMMAND_REMOVED, "change", change_version(case.event))
    names = ", ".join(change.field or "" for change in case.event.changes)
    return outcome or Ignored(facts, Reason.ACTION_NOT_USED, one_line(names, NAME_LIMIT))


def _of_creation(case: Case, facts: Facts) -> Iterator[Proposal]:
    if command := case.reader.command(case.event.fields.description):
        subject = case.place.subject("created")
        yield Proposal(facts, Trigger.MENTION, case.actor_account, subject, command=command)
    yield from proposals_of_creation(case)


def _of_description(case: Case, facts: Facts, edit: Change) -> Iterator[Proposal]:
    text = case.event.fields.description
    if command := case.reader.command(edit.to_string if text is None else text):
        subject = case.place.subject("change", change_version(case.event))
        first = case.place.subject("created")
        yield Proposal(facts, Trigger.MENTION, case.actor_account, subject, command=command, revises=first)


def _first_admitted(case: Case, proposals: Iterable[Proposal]) -> Outcome | None:
    """The first proposal that a rule admits; else the refusal that says most; else nothing."""
    refusals: list[Ignored] = []
    for proposal in proposals:
        outcome = case.settle(proposal)
        if not isinstance(outcome, Ignored):
            return outcome
        refusals.append(outcome)
    telling = [refusal for refusal in refusals if refusal.reason is not Reason.NO_RULE]
    return next(iter(telling or refusals), None)


def _not_to_be_heard(case: Case, facts: Facts) -> Ignored | None:
    if reason := loop_reason(case.ours, case.actor_account):
        return Ignored(facts, reason)
    if facts.conversation is None:
        return Ignored(facts, Reason.NO_CONVERSATION)
    return None


def _withdrawn(case: Case, facts: Facts, why: Withdrawal, *version: str) -> Outcome:
    origin = facts.origin or ""
    return case.control(facts, Withdraw(origin, why), case.place.subject(*version))


def _facts(case: Case) -> Facts:
    return case.facts(case.actor_account, _ISSUE)
