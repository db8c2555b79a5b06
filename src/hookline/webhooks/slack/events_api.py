"""Everything that comes as JSON: events, and the handshake that begins them."""

from collections.abc import Callable, Mapping

from hookline.core.answers import json_bytes
from hookline.core.payloads import parse_json
from hookline.domain.errors import MalformedPayloadError
from hookline.domain.outcome import Facts, Ignored, Outcome, Reason, Reply
from hookline.domain.text import NAME_LIMIT, one_line
from hookline.webhooks.slack.asking import Desk
from hookline.webhooks.slack.event_types import UNUSED_EVENTS
from hookline.webhooks.slack.events import POST_EVENTS, Envelope
from hookline.webhooks.slack.people import silenced
from hookline.webhooks.slack.posts import interpret_post
from hookline.webhooks.slack.said import facts_of


def interpret_json(desk: Desk, body: bytes) -> Outcome:
    """Decide about a JSON body.

    Raises:
        MalformedPayloadError: not JSON, or a field we need is missing or of the wrong shape.
    """
    envelope = parse_json(desk.source.provider, Envelope, body)
    treatment = _ENVELOPES.get(envelope.type)
    if treatment is None:
        return Ignored(_outer_facts(envelope), Reason.EVENT_UNKNOWN)
    return treatment(desk, envelope)


def _handshake(desk: Desk, envelope: Envelope) -> Outcome:
    if envelope.challenge is None:
        raise MalformedPayloadError(desk.source.provider, "challenge: Field required")
    return Reply(_outer_facts(envelope), json_bytes({"challenge": envelope.challenge}))


def _notice(_desk: Desk, envelope: Envelope) -> Outcome:
    return Ignored(_outer_facts(envelope), Reason.EVENT_NOT_USED)


def _event(desk: Desk, envelope: Envelope) -> Outcome:
    event = envelope.event
    if event is None or event.type is None:
        field = "event" if event is None else "event.type"
        raise MalformedPayloadError(desk.source.provider, f"{field}: Field required")
    if event.type in POST_EVENTS:
        return interpret_post(desk, envelope, event)
    is_known = event.type in UNUSED_EVENTS
    reason = Reason.EVENT_NOT_USED if is_known else Reason.EVENT_UNKNOWN
    silence = silenced(event, envelope, desk.source.bot_names)
    return Ignored(facts_of(desk.keys, envelope, event, silence), reason)


_ENVELOPES: Mapping[str, Callable[[Desk, Envelope], Outcome]] = {
    "app_rate_limited": _notice,
    "event_callback": _event,
    "url_verification": _handshake,
}


def _outer_facts(envelope: Envelope) -> Facts:
    return Facts(event=one_line(envelope.type, NAME_LIMIT), external_id=envelope.event_id or None)
