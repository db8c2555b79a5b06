"""Slack's mentions and direct messages: what is a command, and where it belongs."""

import pytest

from hookline.domain.command import Option, Verb
from hookline.domain.outcome import ControlRequested, ConversationControl, Reason, Trigger
from slack_case import CASE, LANE, ORIGIN, ROWAN, SUBJECT, THREAD, TS, reason, saying, task


def test_a_mention_becomes_a_task() -> None:
    asked = task(CASE.on("app_mention__in_channel"))
    assert asked.trigger is Trigger.MENTION
    assert (asked.command.verb, asked.command.text) == (Verb.FIX, "the login test")
    assert asked.command.options == {Option.MODEL: "opus"}
    assert not asked.revises
    facts = asked.facts
    assert (facts.event, facts.action, facts.external_id) == ("app_mention", "", "Ev01MENTION")
    assert (facts.lane, facts.conversation, facts.origin) == (LANE, f"{LANE}/{TS}", ORIGIN)
    assert facts.actor == ROWAN
    assert facts.url == f"https://slack.com/app_redirect?team=T01HOUSE&channel=C01BUILD&message_ts={TS}"
    assert facts.title == "<@U01AGENT> fix the login test model=opus"
    assert not facts.interactive
    assert asked.keys == ("slack:delivery:Ev01MENTION", SUBJECT)


def test_message_and_app_mention_of_one_post_are_one_subject() -> None:
    mention, message = task(CASE.on("app_mention__in_channel")), task(CASE.on("message__mention_in_channel"))
    assert message.trigger is Trigger.MENTION
    assert set(mention.keys) & set(message.keys) == {SUBJECT}
    assert message.command == mention.command
    assert message.facts.origin == mention.facts.origin
    assert message.facts.conversation == mention.facts.conversation


def test_a_reply_continues_the_conversation_of_its_thread() -> None:
    facts = task(CASE.on("app_mention__in_thread")).facts
    assert (facts.conversation, facts.origin) == (f"{LANE}/{THREAD}", ORIGIN)


@pytest.mark.parametrize(
    ("fixture", "verb", "text", "conversation"),
    [
        ("message__thread_broadcast", Verb.REVIEW, "this", f"{LANE}/{THREAD}"),
        ("message__file_share", Verb.ANALYZE, "this log", f"{LANE}/{TS}"),
    ],
)
def test_broadcasts_and_files_can_ask(fixture: str, verb: Verb, text: str, conversation: str) -> None:
    asked = task(CASE.on(fixture))
    assert (asked.command.verb, asked.command.text) == (verb, text)
    assert asked.facts.conversation == conversation
    assert asked.facts.action == fixture.removeprefix("message__")


@pytest.mark.parametrize("kind", ["channel", "group", "mpim"])
def test_a_post_without_a_mention_asks_for_nothing(kind: str) -> None:
    outcome = CASE.interpret(CASE.event("message__without_mention", channel_type=kind))
    assert reason(outcome) is Reason.NO_COMMAND
    assert outcome.facts.origin == ORIGIN
    assert outcome.facts.actor == ROWAN
    assert outcome.facts.title == "lunch?"


@pytest.mark.parametrize("kind", ["channel", "group", "mpim"])
def test_a_mention_counts_wherever_it_is_said(kind: str) -> None:
    outcome = task(CASE.interpret(CASE.event("message__mention_in_channel", channel_type=kind)))
    assert outcome.trigger is Trigger.MENTION


def test_the_handle_in_plain_text_is_a_mention() -> None:
    asked = task(CASE.interpret(saying("hey @Agent: plan the release", "message__without_mention")))
    assert (asked.command.verb, asked.command.text) == (Verb.PLAN, "the release")


@pytest.mark.parametrize("text", ["<@U01SAGE> fix it", "me@agent.example fix it", "@agents fix it", "fix it"])
def test_other_mentions_are_none(text: str) -> None:
    assert reason(CASE.interpret(saying(text, "message__without_mention"))) is Reason.NO_COMMAND


@pytest.mark.parametrize(
    "text",
    [
        "<@U01AGENT> fix it",
        "<@U01AGENT>, fix it",
        "<@U01AGENT|agent>: fix it",
        "<@U01SAGE> look, <@U01AGENT> fix it",
        "please\n<@U01AGENT>\nfix it",
    ],
)
def test_the_command_stands_after_the_mention(text: str) -> None:
    asked = task(CASE.interpret(saying(text)))
    assert (asked.command.verb, asked.command.text) == (Verb.FIX, "it")


def test_of_two_mentions_the_first_counts() -> None:
    assert task(CASE.interpret(saying("@agent plan <@U01AGENT> fix it"))).command.verb is Verb.PLAN
    assert task(CASE.interpret(saying("<@U01AGENT> plan @agent fix it"))).command.verb is Verb.PLAN


def test_a_mention_alone_asks_without_words() -> None:
    asked = task(CASE.interpret(saying("<@U01AGENT>")))
    assert (asked.command.verb, asked.command.text) == (Verb.ASK, "")


def test_entities_are_decoded_in_the_command_only_after_mentions_are_found() -> None:
    asked = task(CASE.interpret(saying("<@U01AGENT> fix a &lt; b &amp;&amp; &lt;@U01SAGE&gt; &amp;lt; c")))
    assert asked.command.text == "a < b && <@U01SAGE> &lt; c"
    typed = saying("&lt;@U01AGENT&gt; fix it", "message__without_mention")
    assert reason(CASE.interpret(typed)) is Reason.NO_COMMAND


def test_links_stay_as_they_are() -> None:
    asked = task(CASE.interpret(saying("<@U01AGENT> review <https://example.com/a?b=1&amp;c=2|the change>")))
    assert asked.command.text == "<https://example.com/a?b=1&c=2|the change>"


@pytest.mark.parametrize(
    "text",
    [
        "```<@U01AGENT> fix it```",
        "```\n<@U01AGENT> fix it\n```",
        "look: ```\n@agent fix it",
        "`<@U01AGENT> fix it`",
        "`@agent` is the handle",
        "&gt; <@U01AGENT> fix it",
        "> @agent fix it",
        "as you said\n  &gt; @agent fix it\nno",
        "&gt;&gt;&gt; so\n\nand <@U01AGENT> fix it",
        ">>>so\n@agent fix it",
        "&gt; ```\n&gt; @agent fix it",
    ],
)
@pytest.mark.parametrize("fixture", ["message__without_mention", "app_mention__in_channel"])
def test_code_and_quotations_never_command(text: str, fixture: str) -> None:
    assert reason(CASE.interpret(saying(text, fixture))) is Reason.NO_COMMAND


@pytest.mark.parametrize(
    "text",
    [
        "&gt; @agent cancel\n@agent fix it",
        "`@agent cancel` <@U01AGENT> fix it",
        "```@agent cancel``` @agent fix it",
        "a ` and\n<@U01AGENT> fix it",
        "1 &gt; 0\n@agent fix it",
    ],
)
def test_what_stands_beside_code_and_quotations_commands(text: str) -> None:
    asked = task(CASE.interpret(saying(text)))
    assert (asked.command.verb, asked.command.text) == (Verb.FIX, "it")


def test_code_in_a_command_is_kept_as_text_and_holds_no_option() -> None:
    asked = task(
        CASE.interpret(saying("<@U01AGENT> fix `a &amp; b` and\n```model=opus\n```\n&gt; priority=high"))
    )
    assert asked.command.text == "`a & b` and\n```model=opus\n```\n> priority=high"
    assert not asked.command.options


def test_a_direct_message_is_a_command_as_it_is() -> None:
    asked = task(CASE.on("message__direct"))
    assert asked.trigger is Trigger.DIRECT_MESSAGE
    assert (asked.command.verb, asked.command.text) == (Verb.PLAN, "the release")
    assert asked.facts.lane == "slack:T01HOUSE/D01DIRECT"


@pytest.mark.parametrize("text", ["<@U01AGENT> plan it", "  @agent plan it", "plan it"])
def test_a_leading_mention_in_a_direct_message_is_left_out(text: str) -> None:
    asked = task(CASE.interpret(saying(text, "message__direct")))
    assert (asked.command.verb, asked.command.text) == (Verb.PLAN, "it")


def test_a_later_mention_in_a_direct_message_is_only_text() -> None:
    asked = task(CASE.interpret(saying("ask what <@U01AGENT> can do", "message__direct")))
    assert (asked.command.verb, asked.command.text) == (Verb.ASK, "what <@U01AGENT> can do")


@pytest.mark.parametrize("kind", [None, "im", "app_home"])
def test_direct_channels_are_known_by_kind_or_id(kind: str | None) -> None:
    asked = task(CASE.interpret(CASE.event("message__direct", channel_type=kind)))
    assert asked.trigger is Trigger.DIRECT_MESSAGE


@pytest.mark.parametrize("text", ["", " \n", "```trace```", "&gt; fix it", None])
def test_a_direct_message_without_words_asks_for_nothing(text: str | None) -> None:
    outcome = CASE.interpret(CASE.event("message__direct", text=text))
    assert reason(outcome) is Reason.NO_COMMAND


@pytest.mark.parametrize("verb", [Verb.STATUS, Verb.CANCEL, Verb.RETRY, Verb.APPROVE, Verb.HELP])
def test_control_verbs_speak_to_the_conversation(verb: Verb) -> None:
    body = CASE.event("app_mention__in_thread", text=f"<@U01AGENT> {verb.value} please")
    outcome = CASE.interpret(body)
    assert isinstance(outcome, ControlRequested)
    assert outcome.control == ConversationControl(verb, f"{LANE}/{THREAD}", "please")
    assert outcome.rule == "mentions"
    assert outcome.keys == ("slack:delivery:Ev02THREAD", SUBJECT)
