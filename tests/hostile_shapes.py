"""Bodies of every provider and encoding, with room for hostile text in a field that counts and in another."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, quote_plus, urlencode

from signed_webhooks import FIXTURES, Webhook, github, jira, load, sentry, slack

USED, UNUSED = "PLACE-OF-USED-TEXT", "PLACE-OF-UNUSED-TEXT"


def _github(number: int) -> str:
    payload = load("github", "issue_comment__mention")
    payload["comment"] |= {"id": number, "body": f"@agent fix {USED}"}
    return json.dumps(payload | {"unused": UNUSED})


def _jira(number: int) -> str:
    payload = load("jira", "comment_created__mention")
    payload["comment"] |= {"id": str(number), "body": f"@agent fix {USED}"}
    return json.dumps(payload | {"unused": UNUSED})


def _slack_event(number: int) -> str:
    payload = load("slack", "app_mention__in_channel")
    del payload["token"]
    stamp = f"{number}.000100"
    payload["event"] |= {"text": f"<@U01AGENT> fix {USED}", "ts": stamp, "event_ts": stamp}
    return json.dumps(payload | {"event_id": f"Ev{number}", "unused": UNUSED})


def _slack_shortcut(number: int) -> str:
    payload = json.loads(_fields("message_action__fix")["payload"])
    del payload["token"], payload["response_url"]
    stamp = f"{number}.000100"
    payload["message"] |= {"text": USED, "ts": stamp}
    return json.dumps(payload | {"message_ts": stamp, "trigger_id": f"{number}.1.x", "unused": UNUSED})


def _slack_command(number: int) -> str:
    fields = _fields("slash_command__fix")
    del fields["token"], fields["response_url"]
    return urlencode(fields | {"text": f"fix {USED}", "trigger_id": f"{number}.2.x", "unused": UNUSED})


def _sentry(number: int) -> str:
    payload = load("sentry", "issue__created")
    payload["data"]["issue"] |= {"id": str(number), "title": USED}
    return json.dumps(payload | {"unused": UNUSED})


def _fields(name: str) -> dict[str, str]:
    form = parse_qs((FIXTURES / "slack" / f"{name}.form").read_text())
    return {field: values[0] for field, values in form.items()}


def _as_it_is(text: str) -> str:
    return text


def _as_payload_field(document: str) -> str:
    return f"payload={quote_plus(document)}"


@dataclass(frozen=True)
class Shape:
    """One way in which a provider sends.

    `document` asks for a task, unlike that of any other number, and has places for texts; `encode` makes the
    body of it, and `notation` writes a text as it stands there; `code` is the answer to one that is accepted.
    """

    provider: str
    document: Callable[[int], str]
    sign: Callable[[bytes], Webhook]
    encode: Callable[[str], str] = _as_it_is
    notation: Callable[[str], str] = _as_it_is
    code: int = 202

    def webhook(self, number: int, used: str = "it", unused: str = "nothing") -> Webhook:
        """A webhook with these texts, which may hold escapes of JSON."""
        body = self.encode(self.document(number))
        for place, text in ((UNUSED, unused), (USED, used)):
            body = body.replace(place, self.notation(text))
        return self.sign(body.encode())

    def with_value(self, number: int, place: str, value: str) -> Webhook:
        """A webhook with any JSON, or none, as the value of the field that has this place."""
        before, _, after = self.document(number).partition(place)
        opening, closing = before.rindex('"'), after.index('"') + 1
        return self.sign(self.encode(before[:opening] + value + after[closing:]).encode())

    def padded(self, number: int, size: int) -> Webhook:
        """A webhook of exactly this many bytes, most of them in the field that does not count."""
        missing = size - len(self.webhook(number, unused="").body)
        webhook = self.webhook(number, unused="x" * missing)
        assert len(webhook.body) == size
        return webhook


JSON_SHAPES: Mapping[str, Shape] = {
    "github": Shape("github", _github, lambda body: github("issue_comment", body)),
    "github form": Shape(
        "github",
        _github,
        lambda body: github("issue_comment", body, form=True),
        _as_payload_field,
        quote_plus,
    ),
    "jira": Shape("jira", _jira, jira),
    "slack event": Shape("slack", _slack_event, slack),
    "slack shortcut": Shape(
        "slack",
        _slack_shortcut,
        lambda body: slack(body, form=True),
        _as_payload_field,
        quote_plus,
        code=200,
    ),
    "sentry": Shape("sentry", _sentry, lambda body: sentry("issue", body)),
}
SHAPES: Mapping[str, Shape] = {
    **JSON_SHAPES,
    "slack command": Shape(
        "slack", _slack_command, lambda body: slack(body, form=True), notation=quote_plus, code=200
    ),
}
"""All of them; a slash command is a form without any JSON."""
