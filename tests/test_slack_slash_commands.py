"""Slack's slash commands, and how forms are read."""

import pytest

from hookline.core.keys import KeySpace
from hookline.domain.command import Option, Verb
from hookline.domain.errors import MalformedPayloadError
from hookline.domain.outcome import Actor, ControlRequested, ConversationControl, Reason, Trigger
from hookline.domain.rules import Allow, Match, Rule
from slack_case import CASE, FORM_TYPE, LANE, as_bot, reason, task

TRIGGER = "1772366395.17.abcdef"
NAMED = Actor("U01ROWAN", "rowan (U01ROWAN)")


def test_a_slash_command_becomes_a_task() -> None:
    asked = task(CASE.on("slash_command__fix"))
    assert asked.trigger is Trigger.SLASH_COMMAND
    assert (asked.command.verb, asked.command.text) == (Verb.FIX, "the login test")
    assert asked.command.options == {Option.MODEL: "opus"}
    facts = asked.facts
    assert (facts.event, facts.action, facts.interactive) == ("slash_command", "/agent", True)
    assert (facts.lane, facts.conversation) == (LANE, f"{LANE}/{TRIGGER}")
    assert facts.origin == f"{LANE}:command/{TRIGGER}"
    assert facts.actor == NAMED
    assert facts.url == "https://house.slack.com/archives/C01BUILD"
    assert facts.title == "fix the login test model=opus"
    assert asked.keys == (KeySpace("slack").body(CASE.fixture("slash_command__fix")),)


def test_two_uses_of_a_slash_command_are_two_conversations() -> None:
    first = task(CASE.interpret(CASE.form("slash_command__fix", trigger_id="1.1.a")))
    second = task(CASE.interpret(CASE.form("slash_command__fix", trigger_id="1.2.b")))
    assert first.facts.conversation != second.facts.conversation
    assert not set(first.keys) & set(second.keys)


def test_without_a_trigger_the_conversation_is_named_by_what_is_never_redacted() -> None:
    body = CASE.form("slash_command__fix", trigger_id="")
    handler = CASE.handler()
    before = handler.interpret(CASE.delivery(body))
    after = handler.interpret(CASE.delivery(handler.redact(body, FORM_TYPE)))
    assert task(before).facts == task(after).facts
    later = CASE.delivery(body, {"x-slack-request-timestamp": "1772366401"})
    assert task(handler.interpret(later)).facts.conversation != task(before).facts.conversation


@pytest.mark.parametrize("text", ["", "   ", "`fix it`"])
def test_a_slash_command_without_words_asks_for_nothing(text: str) -> None:
    outcome = CASE.interpret(CASE.form("slash_command__fix", text=text))
    assert reason(outcome) is Reason.NO_COMMAND
    assert outcome.facts.lane == LANE


def test_a_slash_command_may_repeat_the_mention() -> None:
    asked = task(CASE.interpret(CASE.form("slash_command__fix", text="@agent fix a &amp; b")))
    assert (asked.command.verb, asked.command.text) == (Verb.FIX, "a & b")


def test_a_slash_command_can_be_a_control() -> None:
    outcome = CASE.on("slash_command__status")
    assert isinstance(outcome, ControlRequested)
    assert outcome.control == ConversationControl(Verb.STATUS, f"{LANE}/{TRIGGER}")
    assert outcome.rule == "mentions"


def test_a_slash_command_by_the_agent_is_its_own_words() -> None:
    outcome = as_bot("U01ROWAN", CASE.fixture("slash_command__fix"))
    assert reason(outcome) is Reason.OWN_WORDS


def test_rules_name_users_by_id_channels_and_slash_commands() -> None:
    rule = Rule(
        name="ops",
        match=Match(action=frozenset({"/agent"}), event=frozenset({"slash_command"})),
        allow=Allow(users=frozenset({"U01ROWAN"}), channels=frozenset({"C01BUILD"})),
    )
    assert task(CASE.on("slash_command__fix", rule)).plan.rule == "ops"
    elsewhere = CASE.form("slash_command__fix", channel_id="C02OTHER")
    assert reason(CASE.interpret(elsewhere, None, rule)) is Reason.NOT_ALLOWED


def test_a_name_taken_from_somebody_else_opens_no_door() -> None:
    rule = Rule(name="sage", allow=Allow(users=frozenset({"sage"})))
    taken = CASE.form("slash_command__fix", user_name="sage")
    assert reason(CASE.interpret(taken, None, rule)) is Reason.NOT_ALLOWED


@pytest.mark.parametrize("field", ["team_id", "channel_id", "user_id"])
def test_a_slash_command_without_its_place_is_malformed(field: str) -> None:
    with pytest.raises(MalformedPayloadError, match=f"{field}: Field required"):
        CASE.interpret(CASE.form("slash_command__fix", **{field: ""}))


@pytest.mark.parametrize("body", [b"", b"a=1", b"token=x&text=fix"])
def test_a_form_of_no_known_kind_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedPayloadError, match="command or payload: Field required"):
        CASE.interpret(body, FORM_TYPE)


@pytest.mark.parametrize("body", [b"command=%ff", b"payload=\xff\xfe", b"a&" * 300 + b"command=x"])
def test_a_form_that_cannot_be_read_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedPayloadError, match="form"):
        CASE.interpret(body, FORM_TYPE)


def test_the_content_type_chooses_how_a_body_is_read() -> None:
    form, json_body = CASE.fixture("slash_command__fix"), CASE.fixture("app_mention__in_channel")
    with pytest.raises(MalformedPayloadError, match="JSON"):
        CASE.interpret(form, {"content-type": "application/json"})
    with pytest.raises(MalformedPayloadError):
        CASE.interpret(json_body, FORM_TYPE)
    loud = {"content-type": "Application/X-WWW-Form-Urlencoded; charset=utf-8"}
    assert task(CASE.interpret(form, loud))


def test_a_legacy_outgoing_webhook_is_not_used() -> None:
    outcome = CASE.on("outgoing_webhook__trigger_word")
    assert reason(outcome) is Reason.EVENT_NOT_USED
    assert outcome.facts.event == "outgoing_webhook"
