"""Resource `installation`, which wants a friendly answer, and the resources that start nothing."""

from hookline.core.payloads import parse_json
from hookline.domain.errors import MalformedPayloadError
from hookline.domain.outcome import Facts, Ignored, Outcome, Reason, Reply
from hookline.webhooks.sentry.arrival import Arrival, Matter, own_words
from hookline.webhooks.sentry.issues import matter_of_issue
from hookline.webhooks.sentry.payloads import PROVIDER, AnyBody, InstallationNotice, Outline
from hookline.webhooks.sentry.places import Site

WELCOME = b'{"status":"ok"}'

_HANDSHAKES = frozenset({"created", "deleted"})


def read_installation(arrival: Arrival) -> Outcome:
    """Greet an installation that was made or removed."""
    notice = parse_json(PROVIDER, InstallationNotice, arrival.body)
    facts = arrival.facts(Matter(Site()), notice.action, notice.actor, notice.data.installation)
    if notice.action in _HANDSHAKES:
        return Reply(facts, WELCOME)
    return Ignored(facts, Reason.EVENT_UNKNOWN, facts.action)


def read_unused(arrival: Arrival) -> Outcome:
    """Record a resource that is known and starts nothing."""
    return _record(arrival, Reason.EVENT_NOT_USED)


def read_unknown(arrival: Arrival) -> Outcome:
    """Record a resource nobody has told us of."""
    return _record(arrival, Reason.EVENT_UNKNOWN)


def _record(arrival: Arrival, reason: Reason) -> Outcome:
    try:
        outline = parse_json(PROVIDER, Outline, arrival.body)
    except MalformedPayloadError:
        parse_json(PROVIDER, AnyBody, arrival.body)
        return Ignored(Facts(arrival.resource, external_id=arrival.external_id), reason, arrival.resource)
    facts = arrival.facts(
        _matter(arrival.resource, outline), outline.action, outline.actor, outline.installation
    )
    return own_words(facts) if arrival.is_own(outline.actor) else Ignored(facts, reason, arrival.resource)


def _matter(resource: str, outline: Outline) -> Matter:
    data = outline.data
    if data is None:
        return Matter(Site())
    if data.issue:
        return matter_of_issue(data.issue, resource)
    return Matter(Site(data.organization_slug, data.project_slug), data.group_id or None, resource)
