"""Jira's samples, as Cloud sends them.

Shapes: developer.atlassian.com/cloud/jira/platform/webhooks
"""

import hmac
from collections.abc import Callable, Mapping
from datetime import datetime
from hashlib import sha256

from hookline.core.samples import JsonObject, LeadsTo, Occasion, Sample, SampleBook, SampleEvent

_SITE = "https://jira.example.com"
_PROJECT = "SHOP"


def sign(body: bytes, at: datetime, secret: bytes, /) -> Mapping[str, str]:
    """`X-Hub-Signature` over the body; Jira signs no time."""
    del at
    return {"x-hub-signature": f"sha256={hmac.new(secret, body, sha256).hexdigest()}"}


def _account() -> JsonObject:
    return {
        "accountId": "712020:00000000-0000-4000-8000-000000000001",
        "accountType": "atlassian",
        "displayName": "Sample Person",
        "active": True,
    }


def _time(occasion: Occasion) -> str:
    return occasion.at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{occasion.at.microsecond // 1000:03d}+0000"


def _issue(occasion: Occasion, description: str | None = None) -> JsonObject:
    number = occasion.number()
    return {
        "id": str(number),
        "self": f"{_SITE}/rest/api/2/issue/{number}",
        "key": f"{_PROJECT}-{number}",
        "fields": {
            "summary": "Login test fails on Mondays",
            "description": description,
            "labels": [],
            "project": {"id": "10000", "key": _PROJECT, "name": "Web shop"},
            "status": {"id": "10001", "name": "To Do"},
            "assignee": None,
            "creator": _account(),
            "reporter": _account(),
            "created": _time(occasion),
            "updated": _time(occasion),
        },
    }


def _comment(occasion: Occasion) -> JsonObject:
    number = occasion.number()
    return {
        "id": str(number),
        "self": f"{_SITE}/rest/api/2/issue/1/comment/{number}",
        "author": _account(),
        "updateAuthor": _account(),
        "body": occasion.text,
        "created": _time(occasion),
        "updated": _time(occasion),
    }


def _delivery(event: str, occasion: Occasion, parts: JsonObject) -> Sample:
    kind: JsonObject = {"issue_event_type_name": occasion.action} if occasion.action else {}
    return Sample(
        {"timestamp": int(occasion.at.timestamp() * 1000), "webhookEvent": event, **kind, **parts},
        {
            "user-agent": "Atlassian Webhook HTTP Client",
            "x-atlassian-webhook-identifier": f"sample-{occasion.number():012x}",
            "x-atlassian-webhook-flow": "Primary",
        },
    )


def _on_comment(event: str) -> Callable[[Occasion], Sample]:
    def build(occasion: Occasion) -> Sample:
        return _delivery(event, occasion, {"comment": _comment(occasion), "issue": _issue(occasion)})

    return build


def _on_issue(event: str) -> Callable[[Occasion], Sample]:
    def build(occasion: Occasion) -> Sample:
        issue = _issue(occasion, occasion.text)
        return _delivery(event, occasion, {"user": _account(), "issue": issue})

    return build


def _issue_updated(occasion: Occasion) -> Sample:
    number = str(occasion.number())
    extras: Mapping[str, JsonObject] = {
        "issue_commented": {"comment": _comment(occasion)},
        "issue_updated": {
            "changelog": {"id": number, "items": [_label_change()]},
        },
    }
    parts: JsonObject = {"user": _account(), "issue": _issue(occasion), **extras.get(occasion.action, {})}
    return _delivery("jira:issue_updated", occasion, parts)


def _label_change() -> JsonObject:
    return {
        "field": "labels",
        "fieldId": "labels",
        "fieldtype": "jira",
        "from": None,
        "fromString": "",
        "to": None,
        "toString": "agent",
    }


SAMPLES = SampleBook(
    {
        "comment_created": SampleEvent(
            _on_comment("comment_created"), LeadsTo.TASK, "a comment mentions the agent"
        ),
        "comment_deleted": SampleEvent(
            _on_comment("comment_deleted"), LeadsTo.CONTROL, "a comment is deleted, and its task withdrawn"
        ),
        "comment_updated": SampleEvent(
            _on_comment("comment_updated"), LeadsTo.TASK, "a comment is edited to mention the agent"
        ),
        "issue_created": SampleEvent(
            _on_issue("jira:issue_created"),
            LeadsTo.TASK,
            "an issue is created with a mention",
            "issue_created",
        ),
        "issue_deleted": SampleEvent(
            _on_issue("jira:issue_deleted"), LeadsTo.CONTROL, "an issue is deleted, and its task withdrawn"
        ),
        "issue_updated": SampleEvent(
            _issue_updated,
            LeadsTo.TASK,
            "an issue is commented on; with --action issue_updated a label is added",
            "issue_commented",
        ),
    },
    sign,
)
"""Every event of Jira that is used."""
