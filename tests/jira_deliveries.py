"""The Jira handler as tests use it: built at a fixed time, fed with fixtures and changed copies of them."""

import json
from collections.abc import Mapping

from contracts.handler_contract import NOW, HandlerContract, hex_hmac
from hookline.domain.command import Verb
from hookline.domain.outcome import Outcome
from hookline.domain.policy import Policy
from hookline.domain.rules import Allow, Match, Rule, Run
from hookline.domain.source import Source
from hookline.domain.webhook import WebhookHandler
from hookline.webhooks.jira_handler import IDENTIFIER_HEADER, JiraHandler

MIA = "712020:00000000-0000-4000-8000-000000000001"
BOT = "712020:00000000-0000-4000-8000-000000000009"
FOR_KIM = Rule(name="data-center", allow=Allow(users=frozenset({"kim"})))


class JiraSuite(HandlerContract):
    """What all test classes of this handler share."""

    provider = "jira"
    signature_header = "x-hub-signature"

    def build(self, source: Source, policy: Policy) -> WebhookHandler:
        return JiraHandler(source, policy, lambda: NOW)

    def sign(self, body: bytes, secret: bytes) -> dict[str, str]:
        return {self.signature_header: f"sha256={hex_hmac(secret, body)}"}

    def mention(self) -> tuple[bytes, Mapping[str, str]]:
        return self.fixture("comment_created__mention"), {IDENTIFIER_HEADER: "wh-1"}

    def unknown_event(self) -> tuple[bytes, Mapping[str, str]]:
        return b'{"webhookEvent":"jira:coffee_brewed"}', {}

    def as_json(self, value: object) -> bytes:
        return json.dumps(value).encode()

    def from_json(self, body: bytes) -> dict:
        return json.loads(body)

    def read(self, payload: dict, *rules: Rule, **source: object) -> Outcome:
        body = self.as_json(payload)
        return self.handler(*rules, **source).interpret(self.delivery(body))

    def said(self, body: object, name: str = "comment_created__mention", **comment: object) -> Outcome:
        payload = self.fixture_json(name)
        payload["comment"] |= {"body": body, **comment}
        return self.read(payload)

    def edited(self, body: object, **comment: object) -> Outcome:
        return self.said(body, "comment_updated__mention", **comment)


jira = JiraSuite()


OURS = frozenset({BOT, "hookline-bot"})
MENTIONS = Rule(name="mentions", match=Match(trigger=frozenset({"mention"})))
LABELS = Rule(
    name="labels",
    match=Match(trigger=frozenset({"label"}), label=frozenset({"agent-fix"})),
    run=Run(verb=Verb.FIX, text="fix what the ticket describes"),
)
ASSIGNMENTS = Rule(
    name="assignments",
    match=Match(trigger=frozenset({"assignment"})),
    allow=Allow(users=frozenset({MIA, "kim"})),
    run=Run(verb=Verb.PLAN),
)
STATES = Rule(
    name="states",
    match=Match(trigger=frozenset({"status"}), label=frozenset({"Ready for agent"})),
    run=Run(verb=Verb.IMPLEMENT),
)
ALL = (MENTIONS, LABELS, ASSIGNMENTS, STATES)


def outcome_of(name: str, *rules: Rule) -> Outcome:
    return jira.read(jira.fixture_json(name), *rules, bot_names=OURS)


def update(*items: dict, **fields: object) -> dict:
    payload = jira.fixture_json("issue_updated__summary")
    payload["changelog"]["items"] = list(items)
    payload["issue"]["fields"] |= fields
    return payload


def change(field: str, before: str | None, after: str | None, **more: object) -> dict:
    return {"field": field, "fieldtype": "jira", "fromString": before, "toString": after, **more}
