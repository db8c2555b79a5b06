"""Slack's buttons and shortcuts."""

import pytest

from hookline.core.keys import KeySpace
from hookline.domain.command import Option, Verb
from hookline.domain.errors import MalformedPayloadError
from hookline.domain.outcome import Actor, ControlRequested, ConversationControl, Ignored, Reason, Trigger
from slack_case import CASE, FORM_TYPE, LANE, TASK, THREAD, TS, as_bot, reason, task

NAMED = Actor("U01ROWAN", "rowan (U01ROWAN)")
SAGE_SAID = {"type": "message", "user": "U01SAGE", "ts": TS, "thread_ts": THREAD}
ROWAN_SAID = {**SAGE_SAID, "user": "U01ROWAN"}
ELSEWHERE = {"id": "U01ROWAN", "username": "rowan", "team_id": "T02GUEST"}


def button(action_id: str) -> bytes:
    return CASE.payload("block_actions__cancel", actions=[{"type": "button", "action_id": action_id}])


def test_a_button_controls_the_task_it_names() -> None:
    outcome = CASE.on("block_actions__cancel")
    assert isinstance(outcome, ControlRequested)
    assert outcome.control == ConversationControl(Verb.CANCEL, f"{LANE}/{THREAD}", task_id=TASK)
    assert outcome.rule == "mentions"
    assert outcome.keys == (KeySpace("slack").body(CASE.fixture("block_actions__cancel")),)
    facts = outcome.facts
    assert (facts.event, facts.action) == ("block_actions", f"hookline:cancel:{TASK}")
    assert (facts.lane, facts.conversation, facts.actor) == (LANE, f"{LANE}/{THREAD}", NAMED)
    assert facts.url == "https://house.slack.com/archives/C01BUILD/p1772366395000100"
    assert facts.interactive


@pytest.mark.parametrize("verb", [Verb.STATUS, Verb.CANCEL, Verb.RETRY, Verb.APPROVE, Verb.HELP])
def test_every_control_has_its_button(verb: Verb) -> None:
    outcome = CASE.interpret(button(f"hookline:{verb.value}:{TASK}"))
    assert isinstance(outcome, ControlRequested)
    assert isinstance(outcome.control, ConversationControl)
    assert outcome.control.verb is verb


def test_a_button_stands_where_its_container_says() -> None:
    body = CASE.payload("block_actions__cancel", channel=None, message=None)
    outcome = CASE.interpret(body)
    assert isinstance(outcome, ControlRequested)
    assert outcome.facts.conversation == f"{LANE}/{THREAD}"


@pytest.mark.parametrize(
    "action_id",
    [
        "order-lunch",
        f"hookline:fix:{TASK}",
        f"hookline:unknown:{TASK}",
        "hookline:cancel:",
        "hookline:cancel:../../etc",
        f"xhookline:cancel:{TASK}",
        f"hookline:cancel:{TASK}\n",
        "",
    ],
)
def test_other_buttons_are_not_used(action_id: str) -> None:
    assert reason(CASE.interpret(button(action_id))) is Reason.ACTION_NOT_USED


def test_a_button_of_another_app_is_not_used() -> None:
    outcome = CASE.on("block_actions__foreign")
    assert isinstance(outcome, Ignored)
    assert (outcome.reason, outcome.detail) == (Reason.ACTION_NOT_USED, "order-lunch")


def test_a_button_outside_any_channel_has_no_conversation() -> None:
    assert reason(CASE.on("block_actions__home")) is Reason.NO_CONVERSATION


@pytest.mark.parametrize("fixture", ["block_actions__cancel", "message_action__fix"])
def test_users_of_other_workspaces_may_press_nothing(fixture: str) -> None:
    assert reason(CASE.interpret(CASE.payload(fixture, user=ELSEWHERE))) is Reason.NOT_ALLOWED


def test_the_agent_presses_no_button() -> None:
    outcome = as_bot("U01ROWAN", CASE.fixture("block_actions__cancel"))
    assert reason(outcome) is Reason.OWN_WORDS


def test_an_app_of_a_whole_organisation_takes_the_workspace_of_the_person() -> None:
    outcome = CASE.interpret(CASE.payload("block_actions__cancel", team=None))
    assert isinstance(outcome, ControlRequested)
    assert outcome.facts.lane == LANE


def test_a_shortcut_asks_with_the_words_of_the_chosen_post() -> None:
    asked = task(CASE.on("message_action__fix"))
    assert asked.trigger is Trigger.SHORTCUT
    assert (asked.command.verb, asked.command.text) == (Verb.FIX, "the login test fails & fails")
    facts = asked.facts
    assert (facts.event, facts.action) == ("message_action", "hookline_fix")
    assert (facts.conversation, facts.origin) == (f"{LANE}/{THREAD}", f"{LANE}:shortcut/{TS}")
    assert facts.actor == NAMED
    assert facts.title == "the login test fails & fails"
    assert asked.keys == (KeySpace("slack").body(CASE.fixture("message_action__fix")),)


@pytest.mark.parametrize("text", ["cancel", "approve it all", "<@U01AGENT> fix it", "model=opus plan it"])
def test_words_of_others_name_neither_verb_nor_option(text: str) -> None:
    body = CASE.payload("message_action__ask", message={**SAGE_SAID, "text": text})
    asked = task(CASE.interpret(body))
    assert (asked.command.verb, asked.command.text, asked.command.options) == (Verb.ASK, text, {})


@pytest.mark.parametrize("text", ["fix it priority=high", "hey @agent fix it priority=high"])
def test_own_words_do(text: str) -> None:
    asked = task(CASE.interpret(CASE.payload("message_action__ask", message={**ROWAN_SAID, "text": text})))
    assert (asked.command.verb, asked.command.text) == (Verb.FIX, "it")
    assert asked.command.options == {Option.PRIORITY: "high"}


def test_own_code_is_asked_about_as_it_is() -> None:
    body = CASE.payload("message_action__ask", message={**ROWAN_SAID, "text": "```fix = 1```"})
    assert task(CASE.interpret(body)).command.text == "```fix = 1```"


@pytest.mark.parametrize("text", ["", " ", None])
def test_a_shortcut_on_a_post_without_words_asks_for_nothing(text: str | None) -> None:
    for fixture in ("message_action__ask", "message_action__fix"):
        body = CASE.payload(fixture, message={**SAGE_SAID, "text": text})
        assert reason(CASE.interpret(body)) is Reason.NO_COMMAND


def test_a_shortcut_can_be_a_control() -> None:
    body = CASE.payload("message_action__ask", callback_id="hookline_cancel", message=SAGE_SAID)
    outcome = CASE.interpret(body)
    assert isinstance(outcome, ControlRequested)
    assert outcome.control == ConversationControl(Verb.CANCEL, f"{LANE}/{THREAD}")


@pytest.mark.parametrize("callback", ["save-for-later", "hookline_sing", "hookline_", "", None])
def test_other_shortcuts_are_not_used(callback: str | None) -> None:
    body = CASE.payload("message_action__foreign", callback_id=callback)
    assert reason(CASE.interpret(body)) is Reason.ACTION_NOT_USED


def test_a_global_shortcut_has_no_conversation() -> None:
    assert reason(CASE.on("shortcut__ours")) is Reason.NO_CONVERSATION
    assert reason(CASE.on("shortcut__foreign")) is Reason.ACTION_NOT_USED


@pytest.mark.parametrize("fixture", ["view_submission__modal", "block_suggestion__options"])
def test_other_interactions_are_not_used(fixture: str) -> None:
    outcome = CASE.on(fixture)
    assert reason(outcome) is Reason.EVENT_NOT_USED
    assert outcome.facts.event == fixture.partition("__")[0]
    assert outcome.facts.actor is not None
    assert outcome.facts.interactive


def test_interactions_not_used_may_have_any_shape() -> None:
    body = CASE.payload(
        "view_submission__modal", team="T1", user=["U1"], channel=5, callback_id={}, actions=7
    )
    assert reason(CASE.interpret(body)) is Reason.EVENT_NOT_USED


def test_an_interaction_nobody_has_heard_of_is_unknown() -> None:
    outcome = CASE.interpret(CASE.payload("view_submission__modal", type="handshake_of_doom"))
    assert reason(outcome) is Reason.EVENT_UNKNOWN


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"user": None}, "user"),
        ({"user": {}}, "user.id"),
        ({"team": "T1"}, "team"),
        ({"actions": [5]}, "actions.0"),
        ({"actions": [{"action_id": 5}]}, "actions.0.action_id"),
        ({"type": ["block_actions"]}, "type"),
        ({"type": None}, "type"),
    ],
)
def test_an_interaction_of_another_shape_is_malformed_by_name(changes: dict[str, object], field: str) -> None:
    with pytest.raises(MalformedPayloadError, match=rf"^slack: {field}: "):
        CASE.interpret(CASE.payload("block_actions__cancel", **changes))


@pytest.mark.parametrize("payload", [b"payload=", b"payload=%7B", b"payload=null", b"payload=%5B%5D"])
def test_a_payload_that_is_no_object_is_malformed(payload: bytes) -> None:
    with pytest.raises(MalformedPayloadError):
        CASE.interpret(payload, FORM_TYPE)
