from math import isqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from growth import assert_linear
from hookline.domain.command import Option, Verb
from hookline.webhooks.github.closing import issue_closed_by
from hookline.webhooks.github.markdown import SCAN_LIMIT, command_in, read_markdown

SAID = [
    "@agent fix it",
    "Hello\n@agent fix it",
    "Hello, @agent: fix it",
    "(@Agent fix it)",
    "- @agent fix it",
    "1. first\n2. @agent fix it",
    "- item\n\n  @agent fix it",
    "- item\n\n    @agent fix it",
    "# @agent fix it",
    "**@agent** fix it",
    "    code\n@agent fix it",
    "paragraph\n        @agent fix it",
    "> quoted\n\n@agent fix it",
    "> quoted\n@agent fix it",
    "```\ncode\n```\n@agent fix it",
    "````\n```\n````\n@agent fix it",
    "~~~\n```\n~~~\n@agent fix it",
    "```\ncode\n   ```   \n@agent fix it",
    "```not a fence``` here\n@agent fix it",
    "- ```\n  code\n\n@agent fix it",
    "a `b @agent fix it",
    "a `` b ` c @agent fix it",
    "`open\n\n@agent fix it `",
    "\\`@agent fix it\\`",
    "`\\`@agent fix it`` `",
    "`a\\` @agent fix it `b`",
    "<!-- hidden --> @agent fix it",
    "<!-- hidden -->\n@agent fix it",
    "```\n<!--\n```\n@agent fix it",
    "`<!--` @agent fix it",
    "text <!-- never closed @agent fix it",
    "<!--> @agent fix it",
    "<!-- a\n\nb -->     @agent fix it",
    "\r\n\r\n@agent fix it",
    "> quoted\r@agent fix it",
    "-\n  item\n\n    @agent fix it",
    "text \\<!-- @agent fix it -->",
    "[docs](https://example.com) @agent fix it",
    "<pre>code</pre>\n@agent fix it",
    "<CODE class='x'>a</Code> @agent fix it",
    "<code>a</code> @agent fix it <code>b</code>",
    "<blockquote><pre>a</blockquote></pre> @agent fix it",
    "</code> @agent fix it",
    "\\<code> @agent fix it",
    "`<code>` @agent fix it",
    "<codex> @agent fix it",
    "<b>@agent fix it</b>",
]


@pytest.mark.parametrize("text", SAID)
def test_what_is_said_commands(text: str) -> None:
    assert command_in(text, "agent") is not None


SHOWN = [
    "```\n@agent fix it\n```",
    "```python\n@agent fix it",
    "   ```\n@agent fix it\n   ```",
    "~~~\n@agent fix it\n~~~",
    "~~~ `info`\n@agent fix it\n~~~",
    "```\ncode\n    ```\n@agent fix it",
    "````\n```\n@agent fix it\n````",
    "```\n~~~\n@agent fix it\n```",
    "```\ncode\n``` tail\n@agent fix it",
    "text\n```\n@agent fix it\n```",
    "- ```\n  @agent fix it\n  ```",
    "1. item\n   - ```\n     @agent fix it\n     ```",
    "- ```\n\n  @agent fix it",
    "`@agent fix it`",
    "``@agent ` fix it``",
    "text `one\n@agent fix it` more",
    "```@agent fix it``` inline",
    "text\n\n    @agent fix it",
    "text\n\n\t@agent fix it",
    "    @agent fix it",
    "# heading\n    @agent fix it",
    "    code\n\n    @agent fix it",
    "- item\n\n      @agent fix it",
    "-     @agent fix it",
    "- item\n\ntext\n\n    @agent fix it",
    "> @agent fix it",
    "   > @agent fix it",
    ">@agent fix it\n> @agent plan",
    "- > @agent fix it",
    "> ```\n> @agent fix it\n> ```",
    "<!-- @agent fix it -->",
    "<!--\n\n@agent fix it\n\n-->",
    "<!-- @agent fix it",
    "text <!-- @agent fix it --> text",
    "text <!--\n@agent fix it --> text",
    "<!-- a --> <!-- @agent fix it -->",
    "<pre>\n@agent fix it\n</pre>",
    "text <code>@agent fix it</code> text",
    "<blockquote>\n\n@agent fix it\n\n</blockquote>",
    "<pre lang='py'>\n@agent fix it",
    "<code><code>a</code> @agent fix it</code>",
    "<pre>a</code>@agent fix it</pre>",
    "<kbd/>@agent fix it",
    "mail me@agent fix it",
    "@agents fix it",
    "@agent-two fix it",
    "https://example.com/@agent fix it",
    "",
    "`" * 1001,
]


@pytest.mark.parametrize("text", SHOWN)
def test_what_is_only_shown_does_not_command(text: str) -> None:
    assert command_in(text, "agent") is None


def test_the_text_keeps_the_code_that_follows_the_mention() -> None:
    command = command_in("> old\n\n@agent fix this:\n```\n@agent plan\n```\nmodel=opus", "agent")
    assert command is not None
    assert command.verb is Verb.FIX
    assert command.text == "this:\n```\n@agent plan\n```"
    assert command.options == {Option.MODEL: "opus"}


def test_options_in_code_are_text() -> None:
    command = command_in("@agent fix `model=opus`", "agent")
    assert command is not None
    assert command.options == {}


@given(st.text(alphabet="`~<!->\\ \t\r\n@agent#1.x*", max_size=200))
def test_the_shadow_is_the_text_with_holes(text: str) -> None:
    prose = read_markdown(text)
    assert len(prose.shadow) == len(prose.text)
    assert all(dark in (" ", "\n", light) for light, dark in zip(prose.text, prose.shadow, strict=True))
    assert prose.shadow.count("\n") == prose.text.count("\n")


@given(st.text(alphabet="->*+1.)\\ \r\n@agent#x", max_size=200))
def test_what_cannot_hide_anything_is_read_as_it_is(text: str) -> None:
    ending = "\n\n`end`"
    slowly = read_markdown(text + ending)
    assert read_markdown(text).shadow == slowly.shadow[: len(text)]


HOSTILE = [
    "`",
    "\\",
    "\\`",
    "<!--",
    "`a``b```c",
    "- ",
    ">",
    "\n",
    "    \n",
    "- a\n  ",
    "~~~\n",
    "1. ",
    "#",
    "@agent ",
    "fixes octo/app",
    "<code>",
    "<code></pre>",
    "<code ",
    "<pre></pre>",
    " " * 50 + "x\n",
]


@pytest.mark.parametrize("unit", HOSTILE)
def test_hostile_text_is_read_in_linear_time(unit: str) -> None:
    def read(size: int) -> None:
        text = "@agent fix " + unit * (size // len(unit))
        command_in(text, "agent")
        issue_closed_by(text, "octo/app")

    assert_linear(read, SCAN_LIMIT // 4)


def test_backtick_runs_of_every_length_are_read_in_linear_time() -> None:
    def read(size: int) -> None:
        text = "@agent fix " + " ".join("`" * length for length in range(1, isqrt(2 * size)))
        assert command_in(text, "agent") is not None

    assert_linear(read, SCAN_LIMIT // 4)


def test_ends_of_elements_that_nobody_opened_are_read_in_linear_time() -> None:
    def read(size: int) -> None:
        text = "@agent fix " + "<code>" * (size // 12) + "</pre>" * (size // 12)
        assert command_in(text, "agent") is not None

    assert_linear(read, SCAN_LIMIT // 4)


def test_what_lies_beyond_the_limit_is_not_read() -> None:
    assert command_in("x" * SCAN_LIMIT + " @agent fix it", "agent") is None
    assert len(read_markdown("x" * (SCAN_LIMIT + 9)).text) == SCAN_LIMIT


@pytest.mark.parametrize(
    ("text", "issue"),
    [
        ("Fixes #12", 12),
        ("fixed: #12", 12),
        ("This CLOSES #12.", 12),
        ("resolve octo/app#12", 12),
        ("Resolves Octo/App#12", 12),
        ("closes other/app#3, fixes #12", 12),
        ("closes other/app#3", None),
        ("see #12", None),
        ("prefixes #12", None),
        ("fix #12a", None),
        ("`fixes #12`", None),
        ("> fixes #12", None),
        ("fixes #0", None),
        ("fixes #" + "9" * 400, None),
        ("", None),
    ],
)
def test_the_closed_issue_is_the_first_of_this_repository(text: str, issue: int | None) -> None:
    assert issue_closed_by(text, "octo/app") == issue
