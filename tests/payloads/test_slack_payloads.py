"""Slack: what real payloads come to, each written down from reading it."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from contracts.handler_contract import NOW, SECRET, rule_book
from hookline.domain.delivery import Delivery, RequestHead
from hookline.domain.ids import DeliveryId
from hookline.domain.outcome import ControlRequested, Ignored, Outcome, Reply, TaskRequested, Trigger
from hookline.domain.rules import Allow, Rule
from hookline.domain.source import Source
from hookline.webhooks.slack_handler import SlackHandler

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "payloads" / "slack"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the folder of real payloads is not here")

DOCUMENTED_SECRET = b"8f742231b10e8888abcd99yyyzzz85a5"
TYPES = {".json": "application/json", ".form": "application/x-www-form-urlencoded"}


def ask(conversation: str, text: str, trigger: Trigger) -> tuple[str, ...]:
    return ("task", "ask", conversation, text, trigger.value)


def no(reason: str) -> tuple[str, ...]:
    return ("ignored", reason)


REPLY = ("reply",)
WITHDRAWN = ("control", "withdraw")
UNUSED = no("event_not_used")
OTHER_ACTION = no("action_not_used")

EXPECTED = {
    "app_rate_limited.json": UNUSED,
    "block_actions.form": OTHER_ACTION,
    "block_actions-2.form": OTHER_ACTION,
    "block_actions-3.form": OTHER_ACTION,
    "block_actions-4.form": OTHER_ACTION,
    "block_suggestion.form": UNUSED,
    "dialog_submission.form": UNUSED,
    "event.app_home_opened.json": UNUSED,
    "event.app_mention.json": ask("slack:T123/C123/1583636399.000700", "test", Trigger.MENTION),
    "event.app_mention-2.json": no("own_words"),
    "event.app_mention.bot_message.json": no("bot"),
    "event.app_uninstalled.json": UNUSED,
    "event.assistant_thread_started.json": UNUSED,
    "event.channel_rename-shape.json": UNUSED,
    "event.file_shared-shape.json": UNUSED,
    "event.function_executed.json": UNUSED,
    "event.member_joined_channel-shape.json": UNUSED,
    "event.message.bot_message.json": no("bot"),
    "event.message.channel.json": ask("slack:T123/C123/1583636399.000700", "test", Trigger.MENTION),
    "event.message.channel-2.json": no("own_words"),
    "event.message.channel-3.json": no("no_command"),
    "event.message.channel-4.json": no("no_command"),
    "event.message.channel-5.json": no("own_words"),
    "event.message.channel-6.json": no("no_command"),
    "event.message.file_share.json": no("no_command"),
    "event.message.im.json": no("not_allowed"),
    "event.message.message_changed.json": WITHDRAWN,
    "event.message.message_changed-2.json": OTHER_ACTION,
    "event.message.message_deleted.json": WITHDRAWN,
    "event.message.thread_broadcast.json": no("no_command"),
    "event.pin_added-shape.json": UNUSED,
    "event.reaction_added.json": UNUSED,
    "event.reaction_removed-shape.json": UNUSED,
    "event.tokens_revoked.json": UNUSED,
    "interactive_message.form": UNUSED,
    "message_action.form": OTHER_ACTION,
    "outgoing_webhook.form": UNUSED,
    "shortcut.form": OTHER_ACTION,
    "slash_command.form": ask(
        "slack:T0001/C2147483705/13345224609.738474920.8088930838d88f008e0", "94070", Trigger.SLASH_COMMAND
    ),
    "slash_command-2.form": no("no_command"),
    "slash_command-3.form": ask("slack:T111/C111/111.222.xxx", "test", Trigger.SLASH_COMMAND),
    "slash_command-signed.form": no("no_command"),
    "ssl_check.form": REPLY,
    "url_verification.json": REPLY,
    "view_closed.form": UNUSED,
    "view_submission.form": UNUSED,
}
"""By the rules that hold without a file, with no names of our own configured."""

WHERE = {
    "event.app_mention-2.json": ("slack:T_INSTALLED/C111", "U234"),
    "event.message.channel-2.json": ("slack:T_INSTALLED/C111", "U234"),
    "event.message.channel-6.json": ("slack:T111/C111", "W222"),
    "event.message.message_changed.json": ("slack:T-auth/C111", "U111"),
    "event.message.message_deleted.json": ("slack:T-auth/C111", "U111"),
    "event.reaction_added.json": ("slack:T111/C111", "W111"),
    "event.app_home_opened.json": ("slack:T12345678/C12345678", "U12345678"),
    "block_actions-4.form": ("slack:T111/C111", "W111"),
    "block_suggestion.form": ("slack:T123/D123", "U123"),
    "dialog_submission.form": ("slack:T123/C123", "U123"),
    "interactive_message.form": ("slack:T1ABCD2E12/C9C2VHR7D", "U900MV5U7"),
    "message_action.form": ("slack:T123/C123", "U123"),
    "slash_command.form": ("slack:T0001/C2147483705", "U2147483697"),
    "view_closed.form": (None, "U123"),
}
"""Lane and actor, as far as the payload tells, whatever it comes to."""

FROM_ANYWHERE = {
    "event.message.im.json": ask(
        "slack:T111/D111/1726133698.626339", "When Slack was released?", Trigger.DIRECT_MESSAGE
    ),
    "event.message.channel-6.json": no("no_command"),
    "event.app_mention.json": no("not_allowed"),
    "slash_command.form": no("not_allowed"),
}
"""By a rule that names a person, which overrides where they come from."""

WITH_OUR_OWN_NAMES = {
    "event.app_mention.json": no("own_words"),
    "event.message.channel-4.json": no("own_words"),
    "event.message.thread_broadcast.json": no("own_words"),
    "event.message.message_deleted.json": no("own_words"),
    "event.message.message_changed.json": no("own_words"),
    "slash_command-3.form": no("own_words"),
    "message_action.form": no("own_words"),
    "block_actions-4.form": no("own_words"),
    "event.message.bot_message.json": no("own_words"),
    "event.message.im.json": no("not_allowed"),
    "slash_command.form": EXPECTED["slash_command.form"],
}
"""With the senders of some samples configured as names of our own."""

OURS = frozenset({"U111", "U123", "U234", "W111", "B888"})


def summary(outcome: Outcome) -> tuple[str, ...]:
    match outcome:
        case TaskRequested(command=command):
            conversation = outcome.facts.conversation or ""
            return ("task", command.verb.value, conversation, command.text, outcome.trigger.value)
        case ControlRequested(control=control):
            return ("control", control.name)
        case Ignored(reason=reason):
            return ("ignored", reason.value)
        case Reply():
            return ("reply",)


def interpret(name: str, *rules: Rule, bot_names: frozenset[str] = frozenset()) -> Outcome:
    source = Source("slack", secrets=(SECRET,), bot_names=bot_names)
    path = FOLDER / name
    head = RequestHead({"content-type": TYPES[path.suffix]}, NOW, "203.0.113.7")
    delivery = Delivery(DeliveryId("d1"), head, path.read_bytes())
    handler = SlackHandler(source, rule_book(*rules), lambda: NOW)
    outcome = handler.interpret(delivery)
    stored = Delivery(delivery.id, head, handler.redact(delivery.body, head.headers))
    assert summary(handler.interpret(stored)) == summary(outcome)
    assert handler.interpret(stored).facts == outcome.facts
    return outcome


def test_the_table_names_every_payload() -> None:
    present = {path.name for path in FOLDER.iterdir() if not path.name.endswith(".headers.json")}
    assert present == EXPECTED.keys()


@pytest.mark.parametrize("name", EXPECTED)
def test_a_real_payload_comes_to_what_is_written_down(name: str) -> None:
    assert summary(interpret(name)) == EXPECTED[name]


@pytest.mark.parametrize("name", WHERE)
def test_a_real_payload_tells_where_and_who(name: str) -> None:
    facts = interpret(name).facts
    assert (facts.lane, facts.actor.id if facts.actor else None) == WHERE[name]


@pytest.mark.parametrize("name", FROM_ANYWHERE)
def test_a_rule_that_names_a_person_decides_instead(name: str) -> None:
    named = Rule(name="named", allow=Allow(users=frozenset({"W222"})))
    assert summary(interpret(name, named)) == FROM_ANYWHERE[name]


@pytest.mark.parametrize("name", WITH_OUR_OWN_NAMES)
def test_names_of_our_own_are_heeded(name: str) -> None:
    assert summary(interpret(name, bot_names=OURS)) == WITH_OUR_OWN_NAMES[name]


def test_both_events_of_one_post_share_a_key() -> None:
    mention, message = interpret("event.app_mention.json"), interpret("event.message.channel.json")
    assert isinstance(mention, TaskRequested)
    assert isinstance(message, TaskRequested)
    assert set(mention.keys) & set(message.keys) == {"slack:subject:T123/C123/1583636399.000700"}


def test_the_signed_payload_verifies_as_recorded() -> None:
    recorded = json.loads((FOLDER / "slash_command-signed.headers.json").read_text())
    headers = {name.lower(): value for name, value in recorded.items()}
    signed_at = datetime.fromtimestamp(int(headers["x-slack-request-timestamp"]), UTC)
    body = (FOLDER / "slash_command-signed.form").read_bytes()
    delivery = Delivery(DeliveryId("d1"), RequestHead(headers, signed_at, "203.0.113.7"), body)
    source = Source("slack", secrets=(DOCUMENTED_SECRET,))
    SlackHandler(source, rule_book(), lambda: signed_at).verify(delivery)


@pytest.mark.parametrize("name", EXPECTED)
def test_no_secret_of_a_real_payload_is_stored(name: str) -> None:
    path = FOLDER / name
    stored = SlackHandler(Source("slack", secrets=(SECRET,)), rule_book(), lambda: NOW).redact(
        path.read_bytes(), {"content-type": TYPES[path.suffix]}
    )
    for secret in (
        b"hooks.slack.com/actions",
        b"xwfp-this-is-valid",
        b"legacy-fixed-value",
        b"verification_token",
    ):
        assert secret not in stored.replace(b"%2F", b"/").replace(b"%5C", b"")
