"""Resources `event_alert`, `error` and `metric_alert`: Sentry itself reports something."""

from hookline.core.payloads import parse_json
from hookline.domain.outcome import Ignored, Outcome, Reason, Trigger
from hookline.webhooks.sentry.arrival import Arrival, Matter, Request, own_words
from hookline.webhooks.sentry.payloads import (
    PROVIDER,
    ErrorNotice,
    EventAlertNotice,
    EventField,
    MetricAlertNotice,
    Notice,
)
from hookline.webhooks.sentry.places import issue_id_of, site_of_event, site_of_metric_alert, web_address
from hookline.webhooks.sentry.subjects import event_of_issue, metric_alert

_METRIC_LEVELS = frozenset({"critical", "warning", "open"})
_METRIC_OVER = frozenset({"resolved"})


def read_event_alert(arrival: Arrival) -> Outcome:
    """Decide about an issue alert."""
    notice = parse_json(PROVIDER, EventAlertNotice, arrival.body)
    return _decide_on_event(arrival, notice, "triggered", notice.data.event)


def read_error(arrival: Arrival) -> Outcome:
    """Decide about a single error event."""
    notice = parse_json(PROVIDER, ErrorNotice, arrival.body)
    return _decide_on_event(arrival, notice, "created", notice.data.error)


def read_metric_alert(arrival: Arrival) -> Outcome:
    """Decide about a step of a metric alert's incident."""
    notice = parse_json(PROVIDER, MetricAlertNotice, arrival.body)
    data, action = notice.data, notice.action
    alert = data.metric_alert
    place = f"metric_alert/{alert.id}"
    title = data.description_title or alert.title or ""
    matter = Matter(site_of_metric_alert(data), place, "alert", web_address(data.web_url), title)
    facts = arrival.facts(matter, action, notice.actor, notice.installation)
    if arrival.is_own(notice.actor):
        return own_words(facts)
    if action not in _METRIC_LEVELS:
        reason = Reason.ACTION_NOT_USED if action in _METRIC_OVER else Reason.EVENT_UNKNOWN
        return Ignored(facts, reason, facts.action)
    return arrival.ask(facts, place, Request(Trigger.ALERT, metric_alert(action, data), level=action))


def _decide_on_event(arrival: Arrival, notice: Notice, used_action: str, event: EventField) -> Outcome:
    place = issue_id_of(event)
    part = f"event/{event.event_id}" if event.event_id else "event"
    matter = Matter(site_of_event(event), place, part, web_address(event.web_url), event.title or "")
    facts = arrival.facts(matter, notice.action, notice.actor, notice.installation)
    if arrival.is_own(notice.actor):
        return own_words(facts)
    if notice.action != used_action:
        return Ignored(facts, Reason.EVENT_UNKNOWN, facts.action)
    if place is None:
        return Ignored(facts, Reason.NO_CONVERSATION)
    request = Request(Trigger.ALERT, event_of_issue(place, event), level=event.level or "")
    return arrival.ask(facts, place, request)
