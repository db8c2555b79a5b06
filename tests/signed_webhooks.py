"""Webhooks as the providers send them: from our fixtures, made unique, and signed."""

import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

FIXTURES = Path(__file__).parent / "fixtures" / "webhooks"
SECRETS = {
    "GITHUB_WEBHOOK_SECRET": b"a github secret for tests only",
    "JIRA_WEBHOOK_SECRET": b"a jira secret for tests only",
    "SLACK_SIGNING_SECRET": b"a slack secret for tests only",
    "SENTRY_WEBHOOK_SECRET": b"a sentry secret for tests only",
}


@dataclass(frozen=True)
class Webhook:
    """One request, ready to be posted."""

    path: str
    headers: dict[str, str]
    body: bytes


def _digest(variable: str, message: bytes) -> str:
    return hmac.new(SECRETS[variable], message, hashlib.sha256).hexdigest()


def github(event: str, body: bytes, delivery: str | None = None, form: bool = False) -> Webhook:
    headers = {
        "content-type": "application/x-www-form-urlencoded" if form else "application/json",
        "x-github-event": event,
        "x-github-delivery": delivery or str(uuid.uuid4()),
        "x-hub-signature-256": f"sha256={_digest('GITHUB_WEBHOOK_SECRET', body)}",
    }
    return Webhook("/webhooks/github", headers, body)


def jira(body: bytes, identifier: str | None = None) -> Webhook:
    headers = {
        "content-type": "application/json",
        "x-hub-signature": f"sha256={_digest('JIRA_WEBHOOK_SECRET', body)}",
    }
    if identifier:
        headers["x-atlassian-webhook-identifier"] = identifier
    return Webhook("/webhooks/jira", headers, body)


def slack(body: bytes, form: bool = False, at: int | None = None) -> Webhook:
    stamp = str(int(time.time()) if at is None else at)
    headers = {
        "content-type": "application/x-www-form-urlencoded" if form else "application/json",
        "x-slack-request-timestamp": stamp,
        "x-slack-signature": f"v0={_digest('SLACK_SIGNING_SECRET', f'v0:{stamp}:'.encode() + body)}",
    }
    return Webhook("/webhooks/slack", headers, body)


def sentry(resource: str, body: bytes) -> Webhook:
    headers = {
        "content-type": "application/json",
        "sentry-hook-resource": resource,
        "sentry-hook-timestamp": str(int(time.time())),
        "request-id": uuid.uuid4().hex,
        "sentry-hook-signature": _digest("SENTRY_WEBHOOK_SECRET", body),
    }
    return Webhook("/webhooks/sentry", headers, body)


def load(provider: str, name: str) -> dict:
    return json.loads((FIXTURES / provider / f"{name}.json").read_bytes())


def comment(number: int, text: str = "@agent fix the login test", **more: str) -> Webhook:
    """A GitHub comment that asks for a task, unlike that of any other number."""
    payload = load("github", "issue_comment__mention")
    payload["comment"].update({"id": number, "body": text, **more})
    return github("issue_comment", json.dumps(payload).encode(), delivery=str(uuid.UUID(int=number)))


def padded_comment(number: int, size: int) -> Webhook:
    """A comment whose body has this many bytes, most of them in a field that nobody uses."""
    payload = load("github", "issue_comment__mention")
    payload["comment"].update({"id": number, "body": "@agent fix the login test"})
    payload["padding"] = ""
    payload["padding"] = "x" * (size - len(json.dumps(payload)))
    return github("issue_comment", json.dumps(payload).encode())


MENTIONS: dict[str, Callable[[], Webhook]] = {
    "github": lambda: comment(1),
    "jira": lambda: jira(json.dumps(load("jira", "comment_created__mention")).encode(), "delivery-1"),
    "slack": lambda: slack(json.dumps(load("slack", "app_mention__in_channel")).encode()),
    "sentry": lambda: sentry("issue", json.dumps(load("sentry", "issue__created")).encode()),
}
