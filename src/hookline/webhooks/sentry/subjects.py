"""What a delivery speaks of and in which version, as parts of its subject keys.

Neither `Request-ID` nor `Sentry-Hook-Timestamp` is signed, and a retry has another `Request-ID`, so versions
come from the body alone.
"""

from datetime import UTC, datetime
from hashlib import sha256
from typing import TypeAlias

from hookline.webhooks.sentry.payloads import CommentData, EventField, IssueField, MetricAlertData

Subject: TypeAlias = tuple[str, ...]


def created_issue(issue: IssueField) -> tuple[Subject, ...]:
    """An issue is created once; its first event's time joins it with that event's alert."""
    return (("issue", issue.id, "created"), *_occurrence(issue.id, issue.first_seen))


def unresolved_issue(issue: IssueField) -> tuple[Subject, ...]:
    """Each return of an issue is new; `lastSeen` may lag behind the event, so it joins no event."""
    version = (issue.substatus or "", moment(issue.last_seen) or "")
    return (("issue", issue.id, "unresolved", *version),)


def assigned_issue(issue: IssueField) -> tuple[Subject, ...]:
    """An assignment is known by the assignee and the state of the issue."""
    assignee = issue.assigned_to
    whom = f"{assignee.type}/{assignee.id}" if assignee else ""
    return (("issue", issue.id, "assigned", whom, moment(issue.last_seen) or ""),)


def event_of_issue(issue_id: str, event: EventField) -> tuple[Subject, ...]:
    """An event, however many alert rules speak of it and whether or not it made the issue."""
    named = (("event", issue_id, event.event_id),) if event.event_id else ()
    return (*named, *_occurrence(issue_id, event.datetime))


def metric_alert(action: str, data: MetricAlertData) -> tuple[Subject, ...]:
    """One step of an incident; a later step to the same level is told apart by the measured value."""
    alert = data.metric_alert
    measured = _fingerprint(data.description_text)
    return (("metric_alert", alert.id, action, moment(alert.date_started) or "", measured),)


def comment_of(data: CommentData) -> Subject:
    """A comment as it was first written."""
    return ("comment", data.comment_id)


def comment_version(action: str, data: CommentData) -> tuple[Subject, ...]:
    """A comment as of these words: an edit does not always change its time."""
    version = (moment(data.timestamp) or "", _fingerprint(data.comment))
    return ((*comment_of(data), action, *version),)


def moment(text: str | None) -> str | None:
    """A time in one spelling, to the millisecond in UTC; what is no time stays as it is."""
    if not text:
        return None
    try:
        parsed = datetime.fromisoformat(text)
        aware = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
        return aware.astimezone(UTC).isoformat(timespec="milliseconds")
    except (ValueError, OverflowError):
        return text


def _occurrence(issue_id: str, seen: str | None) -> tuple[Subject, ...]:
    time = moment(seen)
    return (("occurrence", issue_id, time),) if time else ()


def _fingerprint(text: str | None) -> str:
    return sha256((text or "").encode()).hexdigest()
