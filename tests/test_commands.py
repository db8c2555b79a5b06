"""Commands in prose: mentions, verbs, options, and what code and quotations hide."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookline.core.commands import blank, find_command, mention_of, read_command
from hookline.domain.command import Command, Option, Prose, Verb
from hookline.domain.text import TEXT_LIMIT

MENTION = mention_of("agent")


def plain(text: str) -> Prose:
    return Prose(text, text)


def hiding(text: str, *hidden: str) -> Prose:
    shadow = text
    for part in hidden:
        shadow = shadow.replace(part, blank(part))
    return Prose(text, shadow)


def said(text: str) -> Command:
    command = find_command(plain(text), MENTION)
    assert command is not None
    return command


@pytest.mark.parametrize(
    ("text", "verb", "words", "options"),
    [
        ("@agent fix the login test", Verb.FIX, "the login test", {}),
        ("@Agent FIX it", Verb.FIX, "it", {}),
        ("hey @agent, review this", Verb.REVIEW, "this", {}),
        ("@agent what is this?", Verb.ASK, "what is this?", {}),
        ("@agent fixing is hard", Verb.ASK, "fixing is hard", {}),
        ("@agent", Verb.ASK, "", {}),
        ("@agent model=opus fix it", Verb.FIX, "it", {Option.MODEL: "opus"}),
        (
            "@agent fix it model=opus priority=high",
            Verb.FIX,
            "it",
            {Option.MODEL: "opus", Option.PRIORITY: "high"},
        ),
        ("@agent fix model=opus it", Verb.FIX, "it", {Option.MODEL: "opus"}),
        ("@agent fix the model=opus flag", Verb.FIX, "the model=opus flag", {}),
        ("@agent fix it color=red", Verb.FIX, "it color=red", {}),
        ("@agent fix it model=a model=b", Verb.FIX, "it", {Option.MODEL: "b"}),
        ("@agent model=a fix it model=b", Verb.FIX, "it", {Option.MODEL: "a"}),
        ("@agent fix\nthe first\nline", Verb.FIX, "the first\nline", {}),
    ],
)
def test_a_command_is_read(text: str, verb: Verb, words: str, options: dict[Option, str]) -> None:
    assert said(text) == Command(verb, words, options)


@pytest.mark.parametrize(
    "text",
    ["agent fix", "me@agent.example", "@agents fix", "@agent-2 fix", "x@agent", "@@agent", "/@agent", ""],
)
def test_what_is_no_mention_is_no_command(text: str) -> None:
    assert find_command(plain(text), MENTION) is None


def test_hidden_mentions_are_no_command() -> None:
    assert find_command(hiding("see `@agent fix it`", "`@agent fix it`"), MENTION) is None


def test_code_after_trailing_options_is_kept() -> None:
    prose = hiding("@agent fix it model=opus\n```\ncode\n```", "```\ncode\n```")
    command = find_command(prose, MENTION)
    assert command == Command(Verb.FIX, "it \n```\ncode\n```", {Option.MODEL: "opus"})


def test_a_word_behind_code_is_not_the_verb() -> None:
    command = find_command(hiding("@agent `x` fix it", "`x`"), MENTION)
    assert command == Command(Verb.ASK, "`x` fix it", {})


def test_an_option_inside_code_is_text() -> None:
    command = find_command(hiding("@agent fix `model=opus`", "`model=opus`"), MENTION)
    assert command == Command(Verb.FIX, "`model=opus`", {})


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_text_is_read_without_failing(before: str, after: str) -> None:
    prose = plain(f"{before} @agent {after}")
    command = find_command(prose, MENTION)
    assert command is not None
    assert len(command.text) <= len(prose.text)


@pytest.mark.parametrize("piece", ["model=a ", "@", "@agent", " ", "a=", "@agent fix ", "\n"])
def test_hostile_repetition_is_read_before_the_test_times_out(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    find_command(plain(text), MENTION)
    assert len(read_command(plain(text)).text) <= TEXT_LIMIT
