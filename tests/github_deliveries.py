"""Fixtures of GitHub as deliveries, and outcomes narrowed to what a test expects."""

import json
from collections.abc import Callable, Mapping
from typing import TypeVar

from contracts.handler_contract import FIXTURES, NOW, SECRET, hex_hmac, rule_book
from hookline.domain.delivery import Delivery, RequestHead
from hookline.domain.ids import DeliveryId
from hookline.domain.outcome import Ignored, Outcome, Reason, TaskRequested
from hookline.domain.rules import Allow, Match, Rule, Run
from hookline.domain.source import Source
from hookline.webhooks.github_handler import GithubHandler

OutcomeT = TypeVar("OutcomeT", bound=Outcome)

OURS = frozenset({"hookline-app[bot]", "hookline-agent", "3001"})
SENT = "0d9c2f60-1f2e-11f1-8a3d-5a4b3c2d1e0f"


def load(name: str) -> dict:
    return json.loads((FIXTURES / "github" / f"{name}.json").read_bytes())


def changed(name: str, change: Callable[[dict], None]) -> dict:
    payload = load(name)
    change(payload)
    return payload


def saying(name: str, text: str | None, **more: str) -> dict:
    """The fixture with another text in what it speaks of, and other values beside it."""
    payload = load(name)
    kinds = ("comment", "review", "issue", "pull_request", "discussion")
    written = next(payload[kind] for kind in kinds if kind in payload)
    written.update({"body": text, **more})
    return payload


def handler(*rules: Rule, ours: frozenset[str] = OURS) -> GithubHandler:
    source = Source(provider="github", secrets=(SECRET,), bot_names=ours)
    return GithubHandler(source, rule_book(*rules), lambda: NOW)


def delivery(event: str, body: bytes, headers: Mapping[str, str] | None = None) -> Delivery:
    merged = {
        "content-type": "application/json",
        "x-github-event": event,
        "x-github-delivery": SENT,
        "x-hub-signature-256": f"sha256={hex_hmac(SECRET, body)}",
        **(headers or {}),
    }
    return Delivery(DeliveryId("d1"), RequestHead(merged, NOW, "203.0.113.7"), body)


def interpret(
    fixture: str, *rules: Rule, payload: dict | None = None, ours: frozenset[str] = OURS
) -> Outcome:
    """The outcome of a fixture, or of what a test made of it, under the event its name begins with."""
    body = json.dumps(load(fixture) if payload is None else payload).encode()
    return handler(*rules, ours=ours).interpret(delivery(fixture.partition("__")[0], body))


def expect(kind: type[OutcomeT], outcome: Outcome) -> OutcomeT:
    assert isinstance(outcome, kind), outcome
    return outcome


def task(
    fixture: str, *rules: Rule, payload: dict | None = None, ours: frozenset[str] = OURS
) -> TaskRequested:
    return expect(TaskRequested, interpret(fixture, *rules, payload=payload, ours=ours))


def reason(fixture: str, *rules: Rule, payload: dict | None = None, ours: frozenset[str] = OURS) -> Reason:
    return expect(Ignored, interpret(fixture, *rules, payload=payload, ours=ours)).reason


def on(trigger: str, run: Run | None = None, allow: Allow | None = None, **match: frozenset[str]) -> Rule:
    """A rule for one trigger."""
    return Rule(
        name=f"on-{trigger}",
        match=Match(trigger=frozenset({trigger}), **match),
        run=run or Run(),
        allow=allow or Allow(),
    )
