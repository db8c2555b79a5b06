"""Feeds mutated bodies and headers to every handler: only a documented refusal may come out.

Run it with atheris installed beside Hookline: `python -m fuzz.handlers CORPUS -max_total_time=3600`.
"""

import sys
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import sha256
from hmac import new as new_hmac
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["hookline"]):
    from hookline.core.default_rules import DEFAULT_RULES
    from hookline.core.policy import RuleBook
    from hookline.domain.delivery import Delivery, RequestHead
    from hookline.domain.errors import MalformedPayloadError, SignatureRejectedError
    from hookline.domain.ids import DeliveryId
    from hookline.domain.rules import Rule
    from hookline.domain.source import Source
    from hookline.registry import PROVIDERS

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECRET = b"a secret for fuzzing only"
EVENTS = {
    "github": (
        "issue_comment",
        "issues",
        "pull_request",
        "pull_request_review",
        "pull_request_review_comment",
        "discussion",
        "discussion_comment",
        "check_run",
        "workflow_run",
        "push",
        "repository_dispatch",
        "installation",
        "ping",
    ),
    "sentry": ("issue", "event_alert", "metric_alert", "error", "comment", "installation"),
}
EVERYTHING = (*DEFAULT_RULES, Rule(name="everything"))
HANDLERS = [
    provider.handler(
        Source(provider=name, secrets=(SECRET,), bot_names=frozenset({"hookline"})),
        RuleBook("agent", EVERYTHING),
        lambda: NOW,
    )
    for name, provider in PROVIDERS.items()
]


def headers_for(name: str, choice: int, is_form: bool) -> dict[str, str]:
    """Headers as the provider sends them, with one of its events."""
    events = EVENTS.get(name, ("",))
    event = events[choice % len(events)]
    return {
        "content-type": "application/x-www-form-urlencoded" if is_form else "application/json",
        "x-github-event": event,
        "x-github-delivery": "d1",
        "sentry-hook-resource": event,
        "x-slack-request-timestamp": str(int(NOW.timestamp())),
    }


def feed(data: bytes) -> None:
    """One input: a handler, an event, a form or JSON, and the rest as the body."""
    if len(data) < len(b"123"):
        return
    handler = HANDLERS[data[0] % len(HANDLERS)]
    headers = headers_for(handler.source.provider, data[1], is_form=data[2] % 4 == 0)
    body = data[3:]
    delivery = Delivery(DeliveryId("d"), RequestHead(headers, NOW, "203.0.113.7"), body)
    with suppress(MalformedPayloadError):
        _ = handler.interpret(delivery)
        stored = handler.redact(body, headers)
        _ = handler.interpret(Delivery(delivery.id, delivery.head, stored))
    refuse_forgeries(handler.source.provider, data, body)


def refuse_forgeries(name: str, data: bytes, body: bytes) -> None:
    """A signature made of the input never holds, unless it is the right one."""
    handler = next(handler for handler in HANDLERS if handler.source.provider == name)
    guess = data[:64].decode("latin-1")
    names = ("x-hub-signature-256", "x-hub-signature", "x-slack-signature", "sentry-hook-signature")
    headers = {**headers_for(name, data[1], is_form=False), **dict.fromkeys(names, guess)}
    delivery = Delivery(DeliveryId("d"), RequestHead(headers, NOW, "203.0.113.7"), body)
    try:
        handler.verify(delivery)
    except SignatureRejectedError:
        return
    right = new_hmac(SECRET, body, sha256).hexdigest()
    if right not in guess:
        raise AssertionError(f"{name} accepted a forged signature")


def event_number(provider: str, fixture: Path) -> int:
    """Which of the provider's events a fixture holds: its file is named after it."""
    events = EVENTS.get(provider, ())
    event = fixture.name.partition("__")[0]
    return events.index(event) if event in events else 0


def seed(corpus: Path) -> None:
    """Begin with the fixtures of the tests."""
    corpus.mkdir(parents=True, exist_ok=True)
    fixtures = Path(__file__).parent.parent / "tests" / "fixtures" / "webhooks"
    for number, handler in enumerate(HANDLERS):
        for path in (fixtures / handler.source.provider).iterdir():
            kind = 0 if path.suffix == ".form" else 1
            start = bytes([number, event_number(handler.source.provider, path), kind])
            (corpus / f"{handler.source.provider}-{path.name}").write_bytes(start + path.read_bytes())


if __name__ == "__main__":
    if len(sys.argv) > 1 and not sys.argv[1].startswith("-"):
        seed(Path(sys.argv[1]))
    atheris.Setup(sys.argv, feed)
    atheris.Fuzz()
