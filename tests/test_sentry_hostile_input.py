"""Sentry bodies that nobody wishes for: huge, broken, empty, or made to be slow."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookline.core.commands import mention_of
from hookline.domain.errors import MalformedPayloadError
from hookline.domain.outcome import Ignored, Outcome, Reason, Reply, TaskRequested
from hookline.webhooks.sentry.comment_text import READ_LIMIT, spoken
from hookline.webhooks.sentry.redaction import without_installation_code
from test_sentry_webhook_handler import desk

FIXTURES_IN_USE = (
    "comment__mention",
    "error__created",
    "event_alert__triggered",
    "installation__created",
    "issue__created",
    "metric_alert__critical",
)
USED_PATHS = (
    ("issue__created", "data__issue__title"),
    ("event_alert__triggered", "data__event__title"),
    ("metric_alert__critical", "data__description_title"),
)


def paths(value: dict, prefix: str = "") -> list[str]:
    found = []
    for name, inner in value.items():
        found.append(f"{prefix}{name}")
        if isinstance(inner, dict):
            found += paths(inner, f"{prefix}{name}__")
    return found


class TestHostileInput:
    def answer(self, fixture: str, body: bytes) -> Outcome | None:
        try:
            return desk.send(fixture.partition("__")[0], body)
        except MalformedPayloadError:
            return None

    @pytest.mark.parametrize("fixture", FIXTURES_IN_USE)
    @pytest.mark.parametrize("value", [None, True, 7, 1.5, "", "x" * 70_000, [], {}, "\x00\ud800"])
    def test_every_field_may_be_anything(self, fixture: str, value: object) -> None:
        for path in paths(desk.fixture_json(fixture)):
            outcome = self.answer(fixture, desk.changed(fixture, **{path: value}))
            if isinstance(outcome, TaskRequested):
                assert all(len(key) <= 255 for key in outcome.keys)
                assert len(outcome.facts.title) <= 300
                assert "\x00" not in repr(outcome)

    @pytest.mark.parametrize(
        ("fixture", "path", "field"),
        [
            ("issue__created", "data__issue__id", "data.issue.id"),
            ("issue__created", "action", "action"),
            ("event_alert__triggered", "data__event__title", "data.event.title"),
            ("metric_alert__critical", "data__metric_alert__projects", "data.metric_alert.projects"),
            ("comment__mention", "data__comment", "data.comment"),
            ("installation__created", "data", "data"),
        ],
    )
    def test_a_wrong_type_names_the_field_and_not_the_value(
        self, fixture: str, path: str, field: str
    ) -> None:
        body = desk.changed(fixture, **{path: [["a-secret-value"]]})
        with pytest.raises(MalformedPayloadError) as caught:
            desk.send(fixture.partition("__")[0], body)
        assert caught.value.why.startswith(field)
        assert "a-secret-value" not in str(caught.value)

    @pytest.mark.parametrize(("fixture", "path"), USED_PATHS)
    def test_a_huge_title_is_cut(self, fixture: str, path: str) -> None:
        task = desk.task(fixture, **{path: "long \n words " * 500_000})
        assert len(task.facts.title) == 300
        assert task.facts.title.endswith("…")
        assert "\n" not in task.facts.title

    @pytest.mark.parametrize(("fixture", "path"), USED_PATHS)
    def test_what_no_database_stores_is_replaced(self, fixture: str, path: str) -> None:
        task = desk.task(fixture, **{path: "a\x00b\ud800c"})
        assert task.facts.title == "a\ufffdb\ufffdc"

    def test_broken_text_in_unused_fields_does_no_harm(self) -> None:
        body = desk.fixture("issue__created").replace(b'"shop.basket.checkout"', rb'"\ud800\u0000"')
        assert isinstance(desk.send("issue", body), TaskRequested)

    def test_deep_nesting_is_refused(self) -> None:
        for unused in (b'{"contexts":' * 100_000, b'{"contexts":' + b"[" * 100_000):
            with pytest.raises(MalformedPayloadError):
                desk.send("event_alert", unused)

    def test_only_web_addresses_are_kept(self) -> None:
        for address in ("javascript:alert(1)", "https://example.com/" + "x" * 3_000, ""):
            task = desk.task("event_alert__triggered", data__event__web_url=address)
            assert task.facts.url is None
        fallback = desk.task("issue__created", data__issue__web_url=None)
        assert fallback.facts.url == "https://octo.sentry.io/issues/7001/"

    @pytest.mark.parametrize(
        ("address", "lane"),
        [
            ("https://sentry.io/organizations/octo/issues/7001/", "sentry:octo/shop"),
            ("https://sentry.example.com/organizations/octo/issues/7001/", "sentry:octo/shop"),
            ("https://octo.sentry.io/issues/7001/", "sentry:octo/shop"),
            ("https://us.sentry.io/api/0/organizations/octo/issues/7001/", "sentry:octo/shop"),
            ("https://sentry.io/issues/7001/", "sentry:0b4f6c1e-8a52-4d7b-9f1c-2f6d3a7e5c10/shop"),
            (
                "https://evil.example/octo.sentry.io/issues/",
                "sentry:0b4f6c1e-8a52-4d7b-9f1c-2f6d3a7e5c10/shop",
            ),
        ],
    )
    def test_the_organisation_is_read_from_sentrys_own_addresses(self, address: str, lane: str) -> None:
        task = desk.task("issue__created_without_addresses", data__issue__permalink=address)
        assert task.facts.lane == lane

    def test_there_is_always_a_lane(self) -> None:
        body = desk.changed("issue__created_without_addresses", installation=None, data__issue__project=None)
        outcome = desk.handler(name="second", realm="second").interpret(
            desk.delivery(body, {"sentry-hook-resource": "issue"})
        )
        assert outcome.facts.lane == "sentry@second:second"

    def test_a_huge_comment_is_read_to_a_bound(self) -> None:
        beyond = "word " * READ_LIMIT + "@agent look"
        assert desk.ignored("comment__mention", data__comment=beyond).reason is Reason.NO_COMMAND

    def test_a_strange_resource_is_recorded_safely(self) -> None:
        outcome = desk.interpret(
            b"{}", {"sentry-hook-resource": "\x00" + "é" * 9_000, "request-id": "\x00" * 999}
        )
        assert isinstance(outcome, Ignored)
        assert (outcome.reason, len(outcome.facts.event)) == (Reason.EVENT_UNKNOWN, 255)
        assert outcome.facts.external_id == "\ufffd" * 254 + "…"
        assert "\x00" not in outcome.facts.event


class TestRedaction:
    def test_the_grant_code_is_blanked(self) -> None:
        body = desk.fixture("installation__created")
        stored = desk.handler().redact(body, {})
        assert b"grant-code-of-a-new-installation" in body
        assert b"grant-code-of-a-new-installation" not in stored
        expected = desk.fixture_json("installation__created")
        expected["data"]["installation"]["code"] = "[redacted]"
        assert json.loads(stored) == expected
        assert isinstance(desk.send("installation", stored), Reply)

    def test_other_bodies_are_stored_as_they_came(self) -> None:
        for body in (desk.fixture("issue__created"), b'{"data":{"error":{"code":"E42", "tags":[1]}}}'):
            assert desk.handler().redact(body, {}) is body

    def test_the_code_is_blanked_wherever_an_installation_stands(self) -> None:
        stored = without_installation_code(
            rb'{"a":[{"installation":{"code":["x"],"n":"\ud800"}}],"code":"y"}'
        )
        assert json.loads(stored) == {
            "a": [{"installation": {"code": "[redacted]", "n": "\ufffd"}}],
            "code": "y",
        }

    def test_what_cannot_be_read_is_not_kept(self) -> None:
        assert without_installation_code(b'{"installation":{"code":"x"') == b"{}"
        assert without_installation_code(b'{"installation":{"code":"x"},"a":' + b"[" * 100_000) == b"{}"


CALL = mention_of("agent")


@pytest.mark.parametrize(
    "text",
    [
        "@agent look",
        "please, **@agent**: look",
        "> she said\n\n@agent look",
        "> she said\n@agent look",
        "```\ncode\n```\n@agent look",
        "~~~\n```\n~~~\n@agent look",
        "a stray ` tick\n\n@agent look ` here",
        "`code` @agent look",
        "``a ` b`` @agent ``c",
        r"\`@agent\` look",
        r"\\\`@agent\\\` look",
        "1. item\n    @agent look",
        "``` not ` a fence\n@agent look",
    ],
)
def test_these_words_call(text: str) -> None:
    assert CALL.search(spoken(text))
    assert len(spoken(text)) == len(text)


@pytest.mark.parametrize(
    "text",
    [
        "`@agent look`",
        "``a ` @agent``",
        "one `two\n@agent` three",
        r"`\` and `@agent`",
        r"\\`@agent`",
        "```\n``` python\n@agent\n```",
        "```\n@agent look\n```",
        "```python\n@agent look",
        "  ~~~~\n~~~\n@agent\n~~~~",
        "```\n~~~\n@agent\n```",
        "````\n```\n@agent\n````",
        "> @agent look",
        "   > > @agent look",
        "text\n\n    @agent look",
        "\t@agent look",
        "> ```\n> @agent\n> ```",
        "```\r\n@agent\r\n```\r\n",
    ],
)
def test_these_words_are_shown_and_do_not_call(text: str) -> None:
    assert CALL.search(spoken(text)) is None
    assert len(spoken(text)) == len(text)


@pytest.mark.parametrize(
    "pattern",
    [
        "` `` ",
        "`",
        "\\",
        "\\`",
        " ",
        "\n    x",
        "> ",
        "@",
        "@agent-",
        "".join("`" * n + " " for n in range(1, 900)) + "` `` " * 100_000,
    ],
)
def test_reading_is_never_slow(pattern: str) -> None:
    text = (pattern * (READ_LIMIT // len(pattern) + 1))[:READ_LIMIT]
    CALL.search(spoken(text))


@given(text=st.text(alphabet="`~> \t\n\\@agent", max_size=60))
def test_the_shadow_lies_over_the_text(text: str) -> None:
    shadow = spoken(text)
    assert len(shadow) == len(text)
    assert all(seen in (said, " ") for said, seen in zip(text, shadow, strict=True))
