"""The Jira handler as tests use it: built at a fixed time, fed with fixtures and changed copies of them."""

import json
from collections.abc import Mapping

from contracts.handler_contract import NOW, HandlerContract, hex_hmac
from hookline.domain.outcome import Outcome
from hookline.domain.policy import Policy
from hookline.domain.rules import Allow, Rule
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

    def read(self, payload: dict, *rules: Rule, **source: object) -> Outcome:
        body = self.as_json(payload)
        return self.handler(*rules, **source).interpret(self.delivery(body))

    def said(self, body: object, name: str = "comment_created__mention", **comment: object) -> Outcome:
        payload = self.fixture_json(name)
        payload["comment"] |= {"body": body, **comment}
        return self.read(payload)


jira = JiraSuite()
