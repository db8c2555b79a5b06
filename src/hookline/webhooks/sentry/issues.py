"""Resource `issue`: an issue appears, returns, or changes hands."""

from collections.abc import Callable, Mapping

from hookline.core.payloads import parse_json
from hookline.domain.frozen import frozen
from hookline.domain.outcome import Ignored, Outcome, Reason, Trigger
from hookline.webhooks.sentry.arrival import Arrival, Matter, Request, by_machine, own_words
from hookline.webhooks.sentry.payloads import PROVIDER, ActorField, IssueField, IssueNotice
from hookline.webhooks.sentry.places import site_of_issue, web_address
from hookline.webhooks.sentry.subjects import Subject, assigned_issue, created_issue, unresolved_issue


@frozen
class _Use:
    is_machine: Callable[[ActorField], bool]
    subjects: Callable[[IssueField], tuple[Subject, ...]]


def _nobody(_actor: ActorField) -> bool:
    return False


def _another_application(actor: ActorField) -> bool:
    return actor.is_application and not actor.is_sentry


def _any_application(actor: ActorField) -> bool:
    return actor.is_application


_USED: Mapping[str, _Use] = {
    "created": _Use(_nobody, created_issue),
    "unresolved": _Use(_another_application, unresolved_issue),
    "assigned": _Use(_any_application, assigned_issue),
}
_NOT_USED = frozenset({"resolved", "ignored", "archived"})


def read_issue(arrival: Arrival) -> Outcome:
    """Decide about an issue that was created, came back, or was assigned."""
    notice = parse_json(PROVIDER, IssueNotice, arrival.body)
    issue, action = notice.data.issue, notice.action
    facts = arrival.facts(matter_of_issue(issue), action, notice.actor, notice.installation)
    if arrival.is_own(notice.actor):
        return own_words(facts)
    use = _USED.get(action)
    if use is None:
        reason = Reason.ACTION_NOT_USED if action in _NOT_USED else Reason.EVENT_UNKNOWN
        return Ignored(facts, reason, facts.action)
    if notice.actor and use.is_machine(notice.actor):
        return by_machine(facts)
    level, label = issue.level or "", issue.substatus or ""
    return arrival.ask(facts, issue.id, Request(Trigger.ALERT, use.subjects(issue), level, label))


def matter_of_issue(issue: IssueField, part: str = "issue") -> Matter:
    """Where an issue belongs and what it is called."""
    url = web_address(issue.web_url, issue.permalink)
    return Matter(site_of_issue(issue), issue.id, part, url, issue.title or issue.short_id or "")
