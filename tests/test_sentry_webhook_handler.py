"""Sentry: who is believed, what starts a task, and what a repetition is."""

import json
from collections.abc import Mapping
from hashlib import sha256

import pytest

from contracts.handler_contract import NOW, SECRET, HandlerContract, hex_hmac
from hookline.domain.command import Verb
from hookline.domain.delivery import Accepted, Passed, Replied
from hookline.domain.errors import MalformedPayloadError, SignatureRejectedError
from hookline.domain.outcome import (
    Actor,
    ActorKind,
    Ignored,
    Outcome,
    Reason,
    Reply,
    TaskRequested,
)
from hookline.domain.policy import Policy
from hookline.domain.rules import Match, Rule, Run
from hookline.domain.source import Source
from hookline.domain.webhook import WebhookHandler
from hookline.webhooks.sentry_handler import NOT_USED, SentryHandler

INSTALLATION = "0b4f6c1e-8a52-4d7b-9f1c-2f6d3a7e5c10"
EVENT_ID = "3c9a5f0d7be84d0f8a1b2c3d4e5f6071"
SENTRY = Actor("sentry", "Sentry", ActorKind.APP)
APPLICATION = {"type": "application", "id": "9d2f4b60-1c1e-4c83-a6a2-0f8b1f4f2a77", "name": "Hookline"}
ANY_ALERT = Rule(name="any-alert", match=Match(trigger=frozenset({"alert"})), run=Run(verb=Verb.ANALYZE))


class SentryCase(HandlerContract):
    provider = "sentry"

    def build(self, source: Source, policy: Policy) -> WebhookHandler:
        return SentryHandler(source, policy, lambda: NOW)

    def sign(self, body: bytes, secret: bytes) -> dict[str, str]:
        return {"sentry-hook-signature": hex_hmac(secret, body)}

    @property
    def signature_header(self) -> str:
        return "sentry-hook-signature"

    def unknown_event(self) -> tuple[bytes, Mapping[str, str]]:
        return b'{"action":"rained","data":{"town":"Springfield"}}', {"sentry-hook-resource": "weather"}

    def on(self, fixture: str, *rules: Rule, **changes: object) -> Outcome:
        return self.send(fixture.partition("__")[0], self.changed(fixture, **changes), *rules)

    def send(self, resource: str, body: bytes, *rules: Rule) -> Outcome:
        return self.interpret(body, {"sentry-hook-resource": resource, "request-id": "r-1"}, *rules)

    def changed(self, fixture: str, **changes: object) -> bytes:
        """The fixture with fields replaced; a path is spelled with double underscores."""
        value = self.fixture_json(fixture)
        for path, replacement in changes.items():
            *parents, last = path.split("__")
            inner = value
            for parent in parents:
                inner = inner[parent]
            inner[last] = replacement
        return json.dumps(value).encode()

    def task(self, fixture: str, *rules: Rule, **changes: object) -> TaskRequested:
        outcome = self.on(fixture, *rules, **changes)
        assert isinstance(outcome, TaskRequested)
        return outcome

    def ignored(self, fixture: str, *rules: Rule, **changes: object) -> Ignored:
        outcome = self.on(fixture, *rules, **changes)
        assert isinstance(outcome, Ignored)
        return outcome

    def by(self, actor_names: frozenset[str], fixture: str, **changes: object) -> Outcome:
        body = self.changed(fixture, **changes)
        handler = self.handler(bot_names=actor_names)
        return handler.interpret(self.delivery(body, {"sentry-hook-resource": fixture.partition("__")[0]}))


class SentryDesk(SentryCase):
    def mention(self) -> tuple[bytes, Mapping[str, str]]:
        return self.fixture("event_alert__triggered"), {"sentry-hook-resource": "event_alert"}


desk = SentryDesk()


class TestSentryWebhookHandler(SentryDesk):
    pass


class TestSentryHandshakes:
    @pytest.mark.parametrize("fixture", ["installation__created", "installation__deleted"])
    def test_an_installation_is_greeted(self, fixture: str) -> None:
        outcome = desk.on(fixture)
        assert isinstance(outcome, Reply)
        assert (outcome.body, outcome.content_type) == (b'{"status":"ok"}', "application/json")
        assert (outcome.facts.event, outcome.facts.lane) == ("installation", "sentry:octo")

    def test_an_unheard_of_action_of_an_installation_is_told_apart(self) -> None:
        assert desk.ignored("installation__created", action="moved").reason is Reason.EVENT_UNKNOWN

    @pytest.mark.parametrize(
        ("fixture", "conversation", "lane"),
        [
            ("seer__root_cause_started", "sentry:7001", f"sentry:{INSTALLATION}"),
            ("activity_alert__triggered", "sentry:7001", "sentry:octo/shop"),
            ("preprod_artifact__size_completed", None, "sentry:octo/shop"),
        ],
    )
    def test_known_resources_without_use_are_recorded(
        self, fixture: str, conversation: str | None, lane: str
    ) -> None:
        outcome = desk.ignored(fixture, ANY_ALERT)
        assert outcome.reason is Reason.EVENT_NOT_USED
        assert (outcome.facts.conversation, outcome.facts.lane) == (conversation, lane)
        assert outcome.facts.actor == SENTRY

    @pytest.mark.parametrize("resource", [*sorted(NOT_USED), "weather"])
    @pytest.mark.parametrize("body", [b"{}", b'{"action":7,"data":[1]}', b'{"data":null,"actor":"me"}'])
    def test_resources_without_use_may_have_any_shape(self, resource: str, body: bytes) -> None:
        outcome = desk.send(resource, body)
        assert isinstance(outcome, Ignored)
        known = resource in NOT_USED
        assert outcome.reason is (Reason.EVENT_NOT_USED if known else Reason.EVENT_UNKNOWN)
        assert outcome.facts.event == resource

    @pytest.mark.parametrize("body", [b"[]", b"{", b"null", b"[" * 100_000])
    def test_resources_without_use_are_still_objects(self, body: bytes) -> None:
        with pytest.raises(MalformedPayloadError):
            desk.send("seer", body)

    def test_own_doings_are_named_even_without_use(self) -> None:
        outcome = desk.by(frozenset({"Hookline"}), "seer__root_cause_started", actor=APPLICATION)
        assert isinstance(outcome, Ignored)
        assert outcome.reason is Reason.OWN_WORDS

    def test_a_resource_must_be_named(self) -> None:
        body = desk.fixture("legacy_plugin__alert")
        for headers in ({}, {"sentry-hook-resource": ""}, {"sentry-hook-resource": " \t"}):
            with pytest.raises(MalformedPayloadError, match="Sentry-Hook-Resource"):
                desk.interpret(body, headers)

    def test_the_legacy_plugin_is_unsigned_and_rejected(self) -> None:
        delivery = desk.delivery(desk.fixture("legacy_plugin__alert"), {})
        del delivery.head.headers["sentry-hook-signature"]
        with pytest.raises(SignatureRejectedError, match="missing"):
            desk.handler().verify(delivery)

    def test_interface_calls_are_rejected(self) -> None:
        delivery = desk.delivery(b"{}", {"sentry-app-signature": hex_hmac(SECRET, b"{}")})
        del delivery.head.headers["sentry-hook-signature"]
        with pytest.raises(SignatureRejectedError, match="missing"):
            desk.handler().signature(delivery.head)

    def test_answers_are_the_standard_ones(self) -> None:
        facts, handler = desk.task("issue__created").facts, desk.handler()
        codes = [
            handler.acknowledge(facts, verdict).code
            for verdict in (Accepted("t1"), Passed("no_rule"), Replied(b"{}", "application/json"))
        ]
        assert codes == [202, 200, 200]

    def test_what_the_provider_sends_and_what_is_kept(self) -> None:
        handler = desk.handler()
        assert handler.content_types == {"application/json"}
        assert handler.kept_headers == {
            "sentry-hook-resource",
            "sentry-hook-timestamp",
            "request-id",
            "content-type",
            "user-agent",
        }

    def test_the_body_key_is_of_the_signed_bytes(self) -> None:
        task = desk.task("issue__created")
        body = desk.changed("issue__created")
        assert task.keys[0] == f"sentry:body:{sha256(body).hexdigest()}"
