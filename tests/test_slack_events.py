"""Slack's other events, and events of another shape than documented."""

import pytest

from hookline.domain.errors import MalformedPayloadError
from hookline.domain.outcome import Actor, ActorKind, Reason
from slack_case import CASE, LANE, ORIGIN, ROWAN, SUBJECT, ignored, reason, task


def test_notices_of_joining_are_not_used() -> None:
    outcome = CASE.on("message__channel_join")
    assert ignored(outcome) == (Reason.ACTION_NOT_USED, "channel_join")


def test_a_subtype_nobody_has_heard_of_is_unknown() -> None:
    outcome = CASE.interpret(CASE.event("message__mention_in_channel", subtype="telepathy"))
    assert ignored(outcome) == (Reason.EVENT_UNKNOWN, "telepathy")


@pytest.mark.parametrize(
    ("fixture", "lane", "origin", "actor"),
    [
        ("reaction_added__on_message", LANE, ORIGIN, ROWAN),
        ("file_shared__ids", LANE, None, ROWAN),
        ("channel_rename__object", None, None, None),
    ],
)
def test_events_not_used_still_tell_what_they_know(
    fixture: str, lane: str | None, origin: str | None, actor: Actor | None
) -> None:
    outcome = CASE.on(fixture)
    assert reason(outcome) is Reason.EVENT_NOT_USED
    assert outcome.facts.event == fixture.partition("__")[0]
    assert (outcome.facts.lane, outcome.facts.origin, outcome.facts.actor) == (lane, origin, actor)
    assert outcome.facts.external_id is not None


def test_reactions_of_the_agent_are_known_as_its_own() -> None:
    outcome = CASE.interpret(CASE.event("reaction_added__on_message", user="U01AGENT"))
    assert outcome.facts.actor == Actor("U01AGENT", "U01AGENT", ActorKind.BOT)


def test_events_not_used_may_have_any_shape() -> None:
    odd = {
        "user": 5,
        "channel": [],
        "ts": {},
        "team": 1,
        "edited": 2,
        "message": "x",
        "item": 3,
        "bot_id": {},
    }
    outcome = CASE.interpret(CASE.event("reaction_added__on_message", **odd))
    assert reason(outcome) is Reason.EVENT_NOT_USED
    assert (outcome.facts.lane, outcome.facts.actor) == (None, None)


@pytest.mark.parametrize(
    ("fixture", "changes", "field"),
    [
        ("app_mention__in_channel", {"ts": None}, "event.ts"),
        ("app_mention__in_channel", {"ts": 17}, "event.ts"),
        ("app_mention__in_channel", {"channel": ""}, "event.channel"),
        ("app_mention__in_channel", {"channel": {"id": "C1"}}, "event.channel"),
        ("app_mention__in_channel", {"text": ["fix"]}, "event.text"),
        ("app_mention__in_channel", {"user": {"id": "U1"}}, "event.user"),
        ("app_mention__in_channel", {"type": 5}, "event.type"),
        ("app_mention__in_channel", {"type": None}, "event.type"),
        ("app_mention__in_channel", {"type": ["message"]}, "event.type"),
        ("message_changed__command", {"message": None}, "event.message"),
        ("message_changed__command", {"message": "text"}, "event.message"),
        ("message_deleted__command", {"deleted_ts": None, "previous_message": None}, "event.deleted_ts"),
    ],
)
def test_a_post_of_another_shape_is_malformed_by_name(
    fixture: str, changes: dict[str, object], field: str
) -> None:
    with pytest.raises(MalformedPayloadError, match=rf"^slack: {field}: "):
        CASE.interpret(CASE.event(fixture, **changes))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"event": None}, "event"),
        ({"event": []}, "event"),
        ({"type": None}, "type"),
        ({"team_id": None, "authorizations": None}, "team_id"),
        ({"event_id": 5}, "event_id"),
        ({"authorizations": {}}, "authorizations"),
        ({"is_ext_shared_channel": "no"}, "is_ext_shared_channel"),
    ],
)
def test_an_envelope_of_another_shape_is_malformed_by_name(changes: dict[str, object], field: str) -> None:
    with pytest.raises(MalformedPayloadError, match=rf"^slack: {field}: "):
        CASE.interpret(CASE.envelope("app_mention__in_channel", **changes))


def test_without_an_event_id_the_subject_is_the_key() -> None:
    body = CASE.envelope("app_mention__in_channel", event_id=None)
    assert task(CASE.interpret(body)).keys == (SUBJECT,)
