"""What every webhook handler must do, whatever its provider."""

import hashlib
import hmac
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookline.core.default_rules import DEFAULT_RULES
from hookline.core.policy import RuleBook
from hookline.domain.delivery import Delivery, RequestHead
from hookline.domain.errors import MalformedPayloadError, SignatureRejectedError
from hookline.domain.ids import DeliveryId
from hookline.domain.outcome import ControlRequested, Ignored, Outcome, Reply, TaskRequested
from hookline.domain.policy import Policy
from hookline.domain.rules import Match, Rule
from hookline.domain.source import Source
from hookline.domain.webhook import WebhookHandler

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SECRET = b"It's a Secret to Everybody"
PREVIOUS_SECRET = b"an older secret that still counts"
FIXTURES = Path(__file__).parent.parent / "fixtures" / "webhooks"

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=5),
    max_leaves=20,
)


def hex_hmac(secret: bytes, message: bytes) -> str:
    return hmac.new(secret, message, hashlib.sha256).hexdigest()


def rule_book(*rules: Rule) -> RuleBook:
    return RuleBook("agent", rules or DEFAULT_RULES)


class HandlerContract(ABC):
    """Subclass it in `test_{provider}_webhook_handler.py` as `Test…` and fill the abstract parts."""

    provider: str

    @abstractmethod
    def build(self, source: Source, policy: Policy) -> WebhookHandler:
        """Make the handler under test; its clock must say `NOW`."""

    @abstractmethod
    def sign(self, body: bytes, secret: bytes) -> dict[str, str]:
        """The signature headers, in lower case, for a body sent at `NOW`."""

    @abstractmethod
    def mention(self) -> tuple[bytes, Mapping[str, str]]:
        """A body and its event headers that ask for a task under the default rules."""

    @abstractmethod
    def unknown_event(self) -> tuple[bytes, Mapping[str, str]]:
        """A body and its event headers of an event nobody has heard of."""

    @property
    @abstractmethod
    def signature_header(self) -> str:
        """The name of the signature header, in lower case."""

    def handler(self, *rules: Rule, **source: object) -> WebhookHandler:
        base = Source(provider=self.provider, secrets=(SECRET, PREVIOUS_SECRET))
        return self.build(replace(base, **source), rule_book(*rules))

    def delivery(
        self, body: bytes, headers: Mapping[str, str] | None = None, secret: bytes = SECRET
    ) -> Delivery:
        content_type = "application/json" if body[:1] in b"{[" else "application/x-www-form-urlencoded"
        merged = {"content-type": content_type, **self.sign(body, secret), **(headers or {})}
        return Delivery(DeliveryId("d1"), RequestHead(merged, NOW, "203.0.113.7"), body)

    def interpret(self, body: bytes, headers: Mapping[str, str] | None = None, *rules: Rule) -> Outcome:
        handler = self.handler(*rules)
        delivery = self.delivery(body, headers)
        handler.verify(delivery)
        return handler.interpret(delivery)

    def fixture(self, name: str) -> bytes:
        found = [*(FIXTURES / self.provider).glob(f"{name}.*")]
        assert len(found) == 1, f"{name}: {found}"
        return found[0].read_bytes()

    def fixture_json(self, name: str) -> dict:
        return json.loads(self.fixture(name))

    def test_a_mention_asks_for_a_task_with_all_its_parts(self) -> None:
        outcome = self.interpret(*self.mention())
        assert isinstance(outcome, TaskRequested)
        namespace = self.handler().source.namespace
        assert outcome.facts.conversation is not None
        assert outcome.facts.conversation.startswith(f"{namespace}:")
        assert outcome.facts.lane is not None
        assert outcome.facts.lane.startswith(f"{namespace}:")
        assert outcome.facts.origin is not None
        assert outcome.facts.origin.startswith(f"{namespace}:")
        assert outcome.keys
        assert all(key.startswith(f"{namespace}:") for key in outcome.keys)
        assert len(set(outcome.keys)) == len(outcome.keys)

    def test_a_realm_is_in_every_key(self) -> None:
        handler = self.handler(name="second", realm="second")
        outcome = handler.interpret(self.delivery(*self.mention()))
        assert isinstance(outcome, TaskRequested)
        prefix = f"{self.provider}@second:"
        named = (outcome.facts.conversation, outcome.facts.lane, outcome.facts.origin, *outcome.keys)
        assert all(name is not None and name.startswith(prefix) for name in named)

    def test_the_same_delivery_has_the_same_keys(self) -> None:
        first, second = self.interpret(*self.mention()), self.interpret(*self.mention())
        assert isinstance(first, TaskRequested)
        assert isinstance(second, TaskRequested)
        assert first.keys == second.keys

    def test_current_and_previous_secret_are_accepted(self) -> None:
        body, headers = self.mention()
        for secret in (SECRET, PREVIOUS_SECRET):
            self.handler().verify(self.delivery(body, headers, secret))
        with pytest.raises(SignatureRejectedError):
            self.handler().verify(self.delivery(body, headers, b"another secret"))

    def test_unsigned_is_rejected(self) -> None:
        body, headers = self.mention()
        delivery = self.delivery(body, headers)
        bare = {k: v for k, v in delivery.headers.items() if k != self.signature_header}
        with pytest.raises(SignatureRejectedError, match="missing"):
            self.handler().signature(replace(delivery.head, headers=bare))

    @pytest.mark.parametrize("bad", ["", "é" * 64, "sha256=", "v0=zz", "0" * 63, "sha1=" + "0" * 64, "\x00"])
    def test_a_malformed_signature_is_rejected_before_the_body(self, bad: str) -> None:
        body, headers = self.mention()
        delivery = self.delivery(body, {**headers, self.signature_header: bad})
        with pytest.raises(SignatureRejectedError):
            self.handler().signature(delivery.head)

    @given(position=st.integers(min_value=0), flip=st.integers(min_value=1, max_value=255))
    def test_any_changed_byte_is_rejected(self, position: int, flip: int) -> None:
        body, headers = self.mention()
        delivery = self.delivery(body, headers)
        at = position % len(body)
        tampered = body[:at] + bytes([body[at] ^ flip]) + body[at + 1 :]
        with pytest.raises(SignatureRejectedError):
            self.handler().verify(replace(delivery, body=tampered))

    @given(chunks=st.lists(st.integers(min_value=1, max_value=400), min_size=1, max_size=30))
    def test_the_body_may_come_in_any_pieces(self, chunks: list[int]) -> None:
        body, headers = self.mention()
        signature = self.handler().signature(self.delivery(body, headers).head)
        start = 0
        for size in chunks:
            signature.update(body[start : start + size])
            start += size
        signature.update(body[start:])
        signature.check()

    @pytest.mark.parametrize(
        "body", [b"{", b"[]", b"null", b"\xff\xfe{}", b'"text"', b"{" * 100_000, b'{"a":' + b"[" * 100_000]
    )
    def test_malformed_is_refused_and_never_echoed(self, body: bytes) -> None:
        _, headers = self.mention()
        with pytest.raises(MalformedPayloadError) as caught:
            self.handler().interpret(self.delivery(body, {**headers, "content-type": "application/json"}))
        assert len(str(caught.value)) < 300

    def test_an_unknown_event_is_ignored(self) -> None:
        assert isinstance(self.interpret(*self.unknown_event()), Ignored)

    def test_without_a_rule_nothing_starts(self) -> None:
        never = Rule(name="never", match=Match(lane=frozenset({"nowhere"})))
        outcome = self.interpret(*self.mention(), never)
        assert isinstance(outcome, Ignored)

    @given(value=st.dictionaries(st.text(max_size=12), json_values, max_size=6))
    def test_any_json_has_a_clear_answer(self, value: dict) -> None:
        _, headers = self.mention()
        body = json.dumps(value).encode()
        try:
            outcome = self.handler().interpret(self.delivery(body, headers))
        except MalformedPayloadError:
            return
        assert isinstance(outcome, TaskRequested | ControlRequested | Reply | Ignored)

    def test_redaction_leaves_an_interpretable_body(self) -> None:
        body, headers = self.mention()
        handler = self.handler()
        delivery = self.delivery(body, headers)
        stored = handler.redact(body, delivery.headers)
        before, after = handler.interpret(delivery), handler.interpret(replace(delivery, body=stored))
        assert isinstance(before, TaskRequested)
        assert isinstance(after, TaskRequested)
        assert (after.command, after.plan, after.facts) == (before.command, before.plan, before.facts)

    def test_no_secret_header_is_kept(self) -> None:
        kept = self.handler().kept_headers
        assert not kept & {"authorization", "cookie", "proxy-authorization", self.signature_header}
        assert all(name == name.lower() for name in kept)
