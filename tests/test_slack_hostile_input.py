"""Slack: what must not hurt, and which secrets are never stored."""

import json
from urllib.parse import parse_qs, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.handler_contract import FIXTURES, NOW, SECRET, rule_book
from growth import assert_linear
from hookline.domain.errors import MalformedPayloadError
from hookline.domain.outcome import ControlRequested, Ignored, Outcome, TaskRequested
from hookline.domain.source import Source
from hookline.domain.text import TEXT_LIMIT, TITLE_LIMIT
from hookline.webhooks.slack.mrkdwn import SCAN_LIMIT, command_after_mention, read_mrkdwn
from hookline.webhooks.slack_handler import SlackHandler
from slack_case import CASE, FORM_TYPE, JSON_TYPE

BOTS = frozenset({"U01AGENT"})
SAMPLES = sorted((FIXTURES / "slack").iterdir())
MRKDWN = ("```", "`", ">", "&gt;", "&amp;", "\n", " ", "<@U01AGENT>", "@agent", "fix", "é", "<@", "&")
SECRETS = ("verification-token", "hooks.slack.com", "xwfp-secret", "xoxb-secret")


def decided(outcome: Outcome) -> tuple[object, ...]:
    match outcome:
        case TaskRequested():
            return outcome.facts, outcome.command, outcome.plan, outcome.revises
        case ControlRequested():
            return outcome.facts, outcome.control, outcome.rule
        case Ignored():
            return outcome.facts, outcome.reason, outcome.detail
        case _:
            return (outcome,)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.name)
def test_a_stored_body_reads_the_same_and_holds_no_secret(sample: object) -> None:
    handler = CASE.handler()
    before = CASE.delivery(CASE.fixture(sample.stem))
    after = CASE.delivery(handler.redact(before.body, before.headers))
    assert decided(handler.interpret(after)) == decided(handler.interpret(before))
    assert not [secret for secret in SECRETS if secret.encode() in after.body]
    assert b"verification-token" in before.body


def test_secrets_are_blanked_wherever_they_stand_in_json() -> None:
    body = json.dumps(
        {
            "token": "xoxb-secret",
            "event": {"bot_access_token": 'xwfp-secret"\\', "response_url": "https://hooks.slack.com/1"},
            "response_urls": [{"response_url": "https:\\/\\/hooks.slack.com\\/2"}],
            "text": 'the "token": "stays" and so does \\"token\\"',
            "tokens": {"bot": ["U1"]},
            "token of": "stays",
            "null": {"token": None},
        }
    ).encode()
    stored = json.loads(CASE.handler().redact(body, JSON_TYPE))
    assert stored["token"] == "redacted"
    assert stored["event"] == {"bot_access_token": "redacted", "response_url": "redacted"}
    assert stored["response_urls"] == [{"response_url": "redacted"}]
    assert stored["text"] == 'the "token": "stays" and so does \\"token\\"'
    assert (stored["tokens"], stored["token of"], stored["null"]) == (
        {"bot": ["U1"]},
        "stays",
        {"token": None},
    )


def test_only_the_secrets_of_a_form_change() -> None:
    payload = '{ "token" : "xoxb-secret",\n "type":"block_actions", "text":"a+b & c" }'
    body = (
        b"token=xoxb-secret&text=a%2Bb+c%20d&x=%zz&token=xoxb-secret&payload=" + quote_plus(payload).encode()
    )
    stored = CASE.handler().redact(body, FORM_TYPE)
    assert stored.startswith(b"token=redacted&text=a%2Bb+c%20d&x=%zz&token=redacted&payload=")
    assert parse_qs(stored.decode())["payload"] == [payload.replace("xoxb-secret", "redacted")]


def test_a_form_without_secrets_is_kept_byte_by_byte() -> None:
    body = b"a=%7e+%2B&payload=%7b%22type%22%3a+%22x%22%7d&&=&b"
    assert CASE.handler().redact(body, FORM_TYPE) == body


def test_escaped_field_names_hide_no_secret() -> None:
    body = b"%74oken=xoxb-secret&response%5Furl=https://hooks.slack.com/1&p%61yload=%7B%22token%22:%22xoxb-secret%22%7D"
    stored = CASE.handler().redact(body, FORM_TYPE)
    assert b"xoxb-secret" not in stored
    assert b"hooks" not in stored


@given(
    body=st.binary(max_size=200) | st.text(alphabet='{}":,\\token=&%payload', max_size=200).map(str.encode)
)
def test_redaction_never_raises(body: bytes) -> None:
    for headers in (FORM_TYPE, JSON_TYPE, {}):
        assert isinstance(CASE.handler().redact(body, headers), bytes)


@given(value=st.dictionaries(st.sampled_from(["token", "response_url", 'a"token', "b\\", "text"]), st.text()))
def test_redacted_json_is_json_still(value: dict[str, str]) -> None:
    stored = json.loads(CASE.handler().redact(json.dumps(value).encode(), JSON_TYPE))
    assert stored.keys() == value.keys()
    assert stored.get("text") == value.get("text")
    assert stored.get("token") in {None, "redacted"}


@pytest.mark.parametrize(
    ("beginning", "unit", "count"),
    [
        (b"", b'"token":"', 75_000),
        (b"", b'"token":"\\', 75_000),
        (b'"token"', b" ", 500_000),
        (b'"token":"', b"\\a", 250_000),
        (b"", b"&", 250_000),
        (b"", b"a=&", 50_000),
        (b"payload=", b"%22token%22:%22", 50_000),
    ],
)
def test_redaction_of_hostile_bytes_takes_linear_time(beginning: bytes, unit: bytes, count: int) -> None:
    handler = CASE.handler()

    def redact(size: int) -> None:
        body = beginning + unit * size
        handler.redact(body, JSON_TYPE)
        handler.redact(body, FORM_TYPE)

    assert_linear(redact, count)


@pytest.mark.parametrize("part", [*MRKDWN, "`\n", "\n&gt;", "\n ", "<@U", "@agent`", "&amp;&lt;"])
def test_reading_anything_takes_linear_time(part: str) -> None:
    def read(size: int) -> None:
        prose = read_mrkdwn(part * (2 * size // len(part)))
        command_after_mention(prose, BOTS, "agent", addressed=True)
        assert len(prose.text) == len(prose.shadow) <= SCAN_LIMIT

    assert_linear(read, SCAN_LIMIT // 4)


@given(parts=st.lists(st.sampled_from(MRKDWN), max_size=30))
def test_the_shadow_hides_and_never_invents(parts: list[str]) -> None:
    prose = read_mrkdwn("".join(parts))
    assert len(prose.text) == len(prose.shadow)
    assert all(
        shown == said or (shown == " " and said != "\n")
        for said, shown in zip(prose.text, prose.shadow, strict=True)
    )
    command = command_after_mention(prose, BOTS, "agent", addressed=False)
    assert command is None or any(name in prose.shadow for name in ("<@U01AGENT>", "@agent"))


def test_a_huge_text_is_bounded_in_everything_stored() -> None:
    outcome = CASE.interpret(
        CASE.event("app_mention__in_channel", text="<@U01AGENT> fix " + "x " * 3_000_000)
    )
    assert isinstance(outcome, TaskRequested)
    assert len(outcome.command.text) == TEXT_LIMIT
    assert len(outcome.facts.title) <= TITLE_LIMIT


def test_huge_ids_are_bounded_in_every_key() -> None:
    huge = "X" * 250_000
    body = CASE.event("app_mention__in_channel", channel=huge, ts=huge, user=huge, thread_ts=huge)
    outcome = CASE.interpret(body)
    assert isinstance(outcome, TaskRequested)
    facts = outcome.facts
    named = (facts.lane, facts.conversation, facts.origin, *outcome.keys)
    assert all(name is not None and len(name) <= 255 for name in named)
    assert facts.actor is not None
    assert len(facts.actor.id) <= 255
    assert facts.url is None


def test_an_address_is_made_of_harmless_ids_only() -> None:
    odd = CASE.interpret(CASE.event("app_mention__in_channel", channel="C1&x=javascript:"))
    assert odd.facts.url is None
    elsewhere = CASE.form("slash_command__fix", team_id="T1&channel=C2", team_domain="")
    assert CASE.interpret(elsewhere).facts.url is None
    body = CASE.form("slash_command__fix", team_domain="evil.example/#")
    assert CASE.interpret(body).facts.url == "https://slack.com/app_redirect?team=T01HOUSE&channel=C01BUILD"


def stored_texts(outcome: Outcome) -> str:
    return repr(decided(outcome))


@pytest.mark.parametrize("escape", ["\\u0000", "\\ud800", "\\udfff\\ud800"])
def test_nul_and_lone_surrogates_are_cleaned(escape: str) -> None:
    raw = CASE.event("app_mention__in_channel", text="<@U01AGENT> fix MARK it", unused="MARK")
    outcome = CASE.interpret(raw.replace(b"MARK", escape.encode()))
    assert isinstance(outcome, TaskRequested)
    assert outcome.command.text.replace("\ufffd", "") == " it"
    assert "\\x00" not in stored_texts(outcome)
    assert "\\ud" not in stored_texts(outcome)


def test_nul_in_a_form_is_cleaned() -> None:
    fields = dict.fromkeys(
        ("team_id", "channel_id", "user_id", "user_name", "command", "trigger_id"), "a\x00b"
    )
    outcome = CASE.interpret(urlencode({**fields, "text": "fix a\x00b"}).encode(), FORM_TYPE)
    assert isinstance(outcome, TaskRequested)
    assert "\\x00" not in stored_texts(outcome)


def test_lone_surrogates_in_a_payload_are_cleaned() -> None:
    payload = parse_qs(CASE.fixture("message_action__fix").decode())["payload"][0]
    hostile = payload.replace("fails", "\\ud800")
    outcome = CASE.interpret(urlencode({"payload": hostile}).encode())
    assert isinstance(outcome, TaskRequested)
    assert outcome.command.text == "the login test \ufffd & fails".replace("fails", "\ufffd")


def test_deep_nesting_is_refused_in_a_payload_too() -> None:
    payload = '{"type":"block_actions","x":' + "[" * 100_000
    with pytest.raises(MalformedPayloadError):
        CASE.interpret(urlencode({"payload": payload}).encode())


def paths(value: object, path: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, part in inner for found in paths(part, (*path, key)))]


def replaced(value: object, path: tuple[object, ...], by: object) -> object:
    if not path:
        return by
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replaced(copy[path[0]], path[1:], by)
    return copy


@pytest.mark.parametrize("by", [None, 5, "", "x", [], {}, True, ["message"], {"type": {}}], ids=repr)
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.name)
def test_any_field_may_be_anything_and_the_answer_is_clear(sample: object, by: object) -> None:
    handler = SlackHandler(Source("slack", secrets=(SECRET,)), rule_book(), lambda: NOW)
    raw = CASE.fixture(sample.stem)
    is_json = sample.suffix == ".json"
    fields = {name: values[0] for name, values in parse_qs(raw.decode()).items()}
    value = json.loads(raw) if is_json else json.loads(fields.get("payload", "{}"))
    for path in paths(value):
        changed = json.dumps(replaced(value, path, by))
        body = changed if is_json else urlencode({**fields, "payload": changed})
        try:
            handler.interpret(CASE.delivery(body.encode(), JSON_TYPE if is_json else FORM_TYPE))
        except MalformedPayloadError:
            continue
