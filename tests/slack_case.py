"""What the tests of Slack share: deliveries made of the fixtures, and what to expect of an outcome."""

import json
from collections.abc import Mapping
from urllib.parse import parse_qs, urlencode

from contracts.handler_contract import NOW, SECRET, HandlerContract, hex_hmac, rule_book
from hookline.domain.outcome import (
    Actor,
    ActorKind,
    ControlRequested,
    Ignored,
    Outcome,
    Reason,
    TaskRequested,
    Withdraw,
)
from hookline.domain.policy import Policy
from hookline.domain.rules import Rule
from hookline.domain.source import Source
from hookline.domain.webhook import WebhookHandler
from hookline.webhooks.slack_handler import SlackHandler

FORM_TYPE = {"content-type": "application/x-www-form-urlencoded"}
JSON_TYPE = {"content-type": "application/json"}
LANE = "slack:T01HOUSE/C01BUILD"
TS = "1772366395.000100"
THREAD = "1772360000.000200"
EDITED = "1772366450.000000"
ORIGIN = f"{LANE}:message/{TS}"
SUBJECT = f"slack:subject:T01HOUSE/C01BUILD/{TS}"
TASK = "019c1a2b-3c4d-7e5f-8a6b-7c8d9e0f1a2b"
ROWAN = Actor("U01ROWAN", "U01ROWAN", ActorKind.PERSON)


class SlackCase(HandlerContract):
    provider = "slack"

    def build(self, source: Source, policy: Policy) -> WebhookHandler:
        return SlackHandler(source, policy, lambda: NOW)

    def sign(self, body: bytes, secret: bytes) -> dict[str, str]:
        timestamp = str(int(NOW.timestamp()))
        digest = hex_hmac(secret, f"v0:{timestamp}:".encode() + body)
        return {"x-slack-request-timestamp": timestamp, "x-slack-signature": f"v0={digest}"}

    @property
    def signature_header(self) -> str:
        return "x-slack-signature"

    def mention(self) -> tuple[bytes, Mapping[str, str]]:
        return self.fixture("app_mention__in_channel"), {}

    def unknown_event(self) -> tuple[bytes, Mapping[str, str]]:
        return self.event("reaction_added__on_message", type="weather_changed"), {}

    def event(self, fixture: str, **changes: object) -> bytes:
        value = self.fixture_json(fixture)
        value["event"] = {**value["event"], **changes}
        return json.dumps(value).encode()

    def envelope(self, fixture: str, **changes: object) -> bytes:
        return json.dumps({**self.fixture_json(fixture), **changes}).encode()

    def form(self, fixture: str, **changes: str) -> bytes:
        fields = parse_qs(self.fixture(fixture).decode(), keep_blank_values=True)
        return urlencode({**{name: values[0] for name, values in fields.items()}, **changes}).encode()

    def payload(self, fixture: str, **changes: object) -> bytes:
        value = json.loads(parse_qs(self.fixture(fixture).decode())["payload"][0])
        return urlencode({"payload": json.dumps({**value, **changes})}).encode()

    def on(self, fixture: str, *rules: Rule) -> Outcome:
        return self.interpret(self.fixture(fixture), None, *rules)


CASE = SlackCase()


def as_bot(name: str, body: bytes) -> Outcome:
    source = Source("slack", secrets=(SECRET,), bot_names=frozenset({name}))
    return SlackHandler(source, rule_book(), lambda: NOW).interpret(CASE.delivery(body))


def saying(text: str, fixture: str = "app_mention__in_channel") -> bytes:
    return CASE.event(fixture, text=text)


def task(outcome: Outcome) -> TaskRequested:
    assert isinstance(outcome, TaskRequested), outcome
    return outcome


def control(outcome: Outcome) -> ControlRequested:
    assert isinstance(outcome, ControlRequested), outcome
    return outcome


def withdrawal(outcome: Outcome) -> Withdraw:
    asked = control(outcome).control
    assert isinstance(asked, Withdraw)
    return asked


def ignored(outcome: Outcome) -> tuple[Reason, str]:
    assert isinstance(outcome, Ignored), outcome
    return outcome.reason, outcome.detail


def reason(outcome: Outcome) -> Reason:
    return ignored(outcome)[0]
