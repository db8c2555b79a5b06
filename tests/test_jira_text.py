"""Texts of Jira: wiki markup, Markdown, Atlassian documents; code and quotations never command."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from growth import assert_linear
from hookline.domain.command import Command, Option, Verb
from hookline.domain.outcome import Ignored, Outcome, Reason, TaskRequested
from hookline.webhooks.jira.payloads import Node
from hookline.webhooks.jira.people import OwnAccounts
from hookline.webhooks.jira.prose import SCAN_LIMIT, Reader
from hookline.webhooks.jira.wiki import shade
from jira_deliveries import BOT, jira

READER = Reader("agent", OwnAccounts.named(frozenset({BOT, "Hookline.Bot"})))
UNITS = (
    *("`", "``", "`a`", "```", "\n `", "~~~", "\n~~~", ">", "\t>", "\n>", " ", "a"),
    *("{{", "{{a}}", "{code", "{code:", "{code:a{", "{code}", "{quote}", "@agent", "[~", "[~accountid:"),
)


def command(text: str | dict) -> Command | None:
    return READER.command(text if isinstance(text, str) else Node.model_validate_json(jira.as_json(text)))


def text(words: str, *marks: str) -> dict:
    return {"type": "text", "text": words, "marks": [{"type": mark} for mark in marks]}


def node(kind: str, *content: dict, **attrs: object) -> dict:
    return {"type": kind, "attrs": attrs or None, "content": list(content)}


def paragraph(*content: dict) -> dict:
    return node("doc", node("paragraph", *content))


class TestWikiMarkup:
    @pytest.mark.parametrize(
        "hidden",
        [
            "{code}\n@agent fix it\n{code}",
            "{code:java}@agent fix it{code}",
            "{code:title=Foo.java|borderStyle=solid}\n@agent fix it\n{code} and so on",
            "{CODE}@agent fix it{Code}",
            "{noformat}\n@agent fix it\n{noformat}",
            "{noformat:nopanel=true}@agent fix it{noformat}",
            "{quote}\nfirst\n\n@agent fix it\n{quote}",
            "bq. @agent fix it",
            "  bq. as I said: @agent fix it",
            "> @agent fix it",
            "hello\n > @agent fix it",
            "see {{@agent fix it}} there",
            "see `@agent fix it` there",
            "see ``a ` @agent fix it`` there",
            "```\n@agent fix it\n```",
            "```python\n@agent fix it",
            "~~~\n@agent fix it\n~~~",
            "{code}\n@agent fix it and no end",
            "{quote}@agent fix it and no end",
            "{code}{noformat}{code} {code}@agent{code}",
            "mail agent@agent.example.com or me@agent",
        ],
    )
    def test_what_is_code_or_quoted_never_commands(self, hidden: str) -> None:
        assert command(hidden) is None

    @pytest.mark.parametrize(
        "open_text",
        [
            "{code}x{code} @agent fix it",
            "{quote}x{quote}\n@agent fix it",
            "bq. x\n@agent fix it",
            "> x\n@agent fix it",
            "{{x}} @agent fix it",
            "`x` @agent fix it",
            "```\nx\n```\n@agent fix it",
            "`not closed @agent fix it",
            "{{not closed @agent fix it",
            "a -> b @agent fix it",
            "bq.not a quote @agent fix it",
            "{panel}@agent fix it",
            "*@agent* fix it",
            "Hi @agent: fix it",
            "[~accountid:712020:00000000-0000-4000-8000-000000000009] fix it",
            "[~hookline.bot]: fix it",
            "[~HOOKLINE.BOT] fix it",
        ],
    )
    def test_what_stands_outside_commands(self, open_text: str) -> None:
        found = command(open_text)
        assert found is not None
        assert found.text.endswith("it")

    @pytest.mark.parametrize(
        "other", ["[~kim] fix it", "[~accountid:kim] fix", "[~hookline.bot2] fix", "@agents fix"]
    )
    def test_a_mention_of_somebody_else_is_none(self, other: str) -> None:
        assert command(other) is None

    def test_without_names_of_ours_a_wiki_mention_is_none(self) -> None:
        assert (
            Reader("agent", OwnAccounts.named(frozenset())).command("[~] [~accountid:] [~kim] fix it") is None
        )

    def test_names_are_no_patterns(self) -> None:
        assert Reader("agent", OwnAccounts.named(frozenset({".*"}))).command("[~kim] fix it") is None

    def test_code_after_the_mention_stays_in_the_words(self) -> None:
        found = command("@agent explain {{a.b}} and\n{code}\nx = 1\n{code}\nplease")
        assert found == Command(Verb.ASK, "explain {{a.b}} and\n{code}\nx = 1\n{code}\nplease", {})

    def test_a_verb_in_code_is_none(self) -> None:
        assert command("@agent {{fix}} it") == Command(Verb.ASK, "{{fix}} it", {})

    def test_code_before_a_verb_is_not_lost(self) -> None:
        assert command("@agent {{config}} fix it") == Command(Verb.ASK, "{{config}} fix it", {})

    def test_windows_line_ends_are_read(self) -> None:
        assert command("> quoted\r\n@agent fix it\r\nnow model=opus\r\n") == Command(
            Verb.FIX, "it\r\nnow", {Option.MODEL: "opus"}
        )

    @given(words=st.text(alphabet="`{}>~ bq.\ncodequtenfrma@g[]\r:|x", max_size=120))
    def test_a_shadow_keeps_length_and_line_ends(self, words: str) -> None:
        shadow = shade(words)
        assert len(shadow) == len(words)
        assert [i for i, char in enumerate(shadow) if char == "\n"] == [
            i for i, char in enumerate(words) if char == "\n"
        ]


class TestHostileText:
    @pytest.mark.parametrize("unit", UNITS)
    def test_a_long_text_takes_linear_time(self, unit: str) -> None:
        def read(size: int) -> None:
            command(unit * (size // len(unit)))

        assert_linear(read, SCAN_LIMIT // 4)

    def test_only_so_much_of_a_text_is_read(self) -> None:
        assert len(READER.prose("a" * 2 * SCAN_LIMIT).shadow) == SCAN_LIMIT

    def test_a_long_line_of_closed_code_takes_linear_time(self) -> None:
        words = "`a`" * (SCAN_LIMIT // 12)
        assert len(shade(words)) == len(words)

    def test_what_comes_after_the_limit_is_not_read(self) -> None:
        assert command("a " * (SCAN_LIMIT // 2) + "@agent fix it") is None
        assert command("a " * (SCAN_LIMIT // 2 - 10) + "@agent fix it") is not None

    def test_the_words_of_a_task_are_bounded(self) -> None:
        found = command("@agent " + "long " * 100_000)
        assert found is not None
        assert len(found.text) <= 65_536


class TestDocuments:
    def test_a_document_commands_outside_code_and_quotations(self) -> None:
        outcome = jira.interpret(jira.fixture("comment_created__document"))
        assert isinstance(outcome, TaskRequested)
        assert outcome.command == Command(Verb.FIX, "the login test\nsee auth.py", {Option.MODEL: "opus"})

    @pytest.mark.parametrize(
        "document",
        [
            node("doc", node("codeBlock", text("@agent fix it"))),
            node("doc", node("blockquote", node("paragraph", text("@agent fix it")))),
            node("doc", node("blockquote", node("bulletList", node("listItem", text("@agent fix it"))))),
            paragraph(text("@agent fix it", "strong", "code")),
            paragraph(text("`@agent fix it`")),
            node("doc", node("blockquote", node("paragraph", node("mention", id=BOT, text="@agent")))),
            node("doc", node("codeBlock", node("mention", id=BOT, text="@agent"))),
            paragraph(node("mention", id="712020:other", text="@Agent Smith"), text(" fix it")),
            paragraph(node("mention", id="712020:other"), text(" fix it")),
            node("doc"),
            {},
            {"type": None, "content": None, "text": None, "attrs": None, "marks": None},
        ],
    )
    def test_no_command_here(self, document: dict) -> None:
        assert command(document) is None

    @pytest.mark.parametrize(
        "document",
        [
            paragraph(text("@agent"), text(" fix", "strong"), text(" it")),
            paragraph(node("mention", id=BOT, text="@Hookline"), text(" fix it")),
            paragraph(text("hey"), node("mention", id=BOT, text="@Hookline"), text("fix it")),
            paragraph(node("mention", id="712020:other", text="@agent"), text(" fix it")),
            node("doc", node("panel", node("taskList", node("taskItem", text("@agent fix it"))))),
            node("doc", node("somethingNew", node("paragraph", text("@agent fix it")))),
            node("doc", node("heading", text("Hi")), node("paragraph", text("@agent fix it"))),
            text("@agent fix it"),
        ],
    )
    def test_a_command_here(self, document: dict) -> None:
        assert command(document) == Command(Verb.FIX, "it", {})

    def test_somebody_elses_mention_is_neither_verb_nor_lost(self) -> None:
        document = paragraph(text("@agent "), node("mention", id="712020:x", text="@fix"), text(" plan it"))
        assert command(document) == Command(Verb.ASK, "@fix plan it", {})

    def test_blocks_breaks_and_inline_nodes_are_rendered(self) -> None:
        document = node(
            "doc",
            node(
                "paragraph",
                text("@agent look:"),
                node("hardBreak"),
                node("inlineCard", url="https://example.com/a"),
            ),
            node(
                "bulletList",
                node("listItem", node("paragraph", node("emoji", shortName=":bug:"), text(" one"))),
            ),
            node("paragraph", node("status", text="DONE"), node("date", timestamp="1")),
            node("codeBlock", text("x = 1")),
        )
        found = command(document)
        assert found is not None
        assert found.text == "look:\nhttps://example.com/a\n:bug: one\nDONE\nx = 1"

    def test_an_option_before_a_quotation_stands_at_the_end(self) -> None:
        quoted = node("blockquote", node("paragraph", text("as said", "code")))
        found = command(node("doc", node("paragraph", text("@agent fix it model=opus")), quoted))
        assert found is not None
        assert found.options == {Option.MODEL: "opus"}

    def test_two_paragraphs_do_not_run_together(self) -> None:
        document = node("doc", node("paragraph", text("me")), node("paragraph", text("@agent fix it")))
        assert command(document) == Command(Verb.FIX, "it", {})

    def test_a_huge_document_is_cut(self) -> None:
        document = paragraph(text("@agent fix "), *[text("word " * 1000) for _ in range(1000)])
        prose = READER.prose(Node.model_validate_json(jira.as_json(document)))
        assert len(prose.text) == len(prose.shadow) <= SCAN_LIMIT

    def test_a_deep_document_does_not_overflow(self) -> None:
        innermost = Node.model_validate_json(jira.as_json(text("@agent fix it")))
        for _ in range(100_000):
            innermost = Node(type="bulletList", content=(innermost,))
        assert READER.command(innermost) == Command(Verb.FIX, "it", {})
        while innermost.content:
            (innermost,) = innermost.content

    @given(
        document=st.recursive(
            st.builds(text, st.text(max_size=10), st.sampled_from(["code", "em"])),
            lambda inner: st.builds(
                lambda kind, content: node(kind, *content),
                st.sampled_from(["paragraph", "codeBlock", "blockquote", "mention", "text", "x"]),
                st.lists(inner, max_size=3),
            ),
            max_leaves=12,
        )
    )
    def test_a_shadow_has_the_length_of_its_text(self, document: dict) -> None:
        prose = READER.prose(Node.model_validate_json(jira.as_json(document)))
        assert len(prose.text) == len(prose.shadow)

    def test_nul_in_a_document_is_cleaned(self) -> None:
        assert command(paragraph(text("@agent fix \x00"))) == Command(Verb.FIX, "\ufffd", {})

    def test_a_description_may_be_a_document(self) -> None:
        payload = jira.fixture_json("issue_created__mention")
        payload["issue"]["fields"]["description"] = paragraph(text("@agent plan it"))
        assert isinstance(jira.read(payload), TaskRequested)

    def test_a_document_in_a_comment_without_a_command_is_ignored(self) -> None:
        outcome: Outcome = jira.said(paragraph(text("thanks")))
        assert isinstance(outcome, Ignored)
        assert outcome.reason is Reason.NO_COMMAND
