"""Sentry's samples.

Shapes: docs.sentry.io/organization/integrations/integration-platform/webhooks
"""

import hmac
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256

from hookline.core.samples import JsonObject, LeadsTo, Occasion, Sample, SampleBook, SampleEvent

_PAGE = "https://octo.sentry.io"
_API = "https://sentry.io/api/0"
_TITLE = "ValueError: basket is empty"
_SENTRY: JsonObject = {"type": "application", "id": "sentry", "name": "Sentry"}
_PERSON: JsonObject = {"type": "user", "id": 1001, "name": "Sample Person"}


def sign(body: bytes, at: datetime, secret: bytes, /) -> Mapping[str, str]:
    """`Sentry-Hook-Signature`, bare hexadecimal over the body; the timestamp is not signed."""
    return {
        "sentry-hook-timestamp": str(int(at.timestamp())),
        "sentry-hook-signature": hmac.new(secret, body, sha256).hexdigest(),
    }


def _delivery(resource: str, occasion: Occasion, actor: JsonObject, data: JsonObject) -> Sample:
    return Sample(
        {
            "action": occasion.action,
            "installation": {"uuid": "0b4f6c1e-8a52-4d7b-9f1c-2f6d3a7e5c10"},
            "data": data,
            "actor": dict(actor),
        },
        {"sentry-hook-resource": resource, "request-id": f"{occasion.number():032x}"},
    )


def _time(occasion: Occasion) -> str:
    return occasion.at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _issue(occasion: Occasion) -> Sample:
    number = str(occasion.number())
    substatus = "regressed" if occasion.action == "unresolved" else "new"
    issue: JsonObject = {
        "id": number,
        "shortId": "SHOP-7",
        "title": _TITLE,
        "culprit": "shop.basket.checkout",
        "level": "error",
        "status": "unresolved",
        "substatus": substatus,
        "platform": "python",
        "project": {"id": "12", "name": "Shop", "slug": "shop"},
        "url": f"{_API}/organizations/octo/issues/{number}/",
        "web_url": f"{_PAGE}/issues/{number}/",
        "permalink": f"{_PAGE}/issues/{number}/",
        "assignedTo": None,
        "firstSeen": _time(occasion),
        "lastSeen": _time(occasion),
    }
    return _delivery("issue", occasion, _SENTRY, {"issue": issue})


def _event(occasion: Occasion) -> JsonObject:
    number, name = str(occasion.number()), f"{occasion.number():032x}"
    return {
        "event_id": name,
        "issue_id": number,
        "issue_url": f"{_API}/organizations/octo/issues/{number}/",
        "project": 12,
        "title": _TITLE,
        "level": "error",
        "culprit": "shop.basket.checkout",
        "datetime": _time(occasion),
        "platform": "python",
        "url": f"{_API}/projects/octo/shop/events/{name}/",
        "web_url": f"{_PAGE}/issues/{number}/events/{name}/",
    }


def _event_alert(occasion: Occasion) -> Sample:
    data: JsonObject = {"event": _event(occasion), "triggered_rule": "New errors in production"}
    return _delivery("event_alert", occasion, _SENTRY, data)


def _error(occasion: Occasion) -> Sample:
    return _delivery("error", occasion, _SENTRY, {"error": _event(occasion)})


def _metric_alert(occasion: Occasion) -> Sample:
    number = occasion.number()
    alert: JsonObject = {
        "id": str(number),
        "identifier": str(number),
        "title": "Checkout fails often",
        "projects": ["shop"],
        "date_started": _time(occasion),
    }
    data: JsonObject = {
        "metric_alert": alert,
        "description_title": f"{occasion.action.capitalize()}: Checkout fails often",
        "description_text": "120 events in the last 10 minutes",
        "web_url": f"{_PAGE}/organizations/octo/alerts/rules/details/{number}/",
    }
    return _delivery("metric_alert", occasion, _SENTRY, data)


def _comment(occasion: Occasion) -> Sample:
    data: JsonObject = {
        "comment_id": occasion.number(),
        "issue_id": occasion.number(),
        "project_slug": "shop",
        "comment": occasion.text,
        "timestamp": _time(occasion),
    }
    return _delivery("comment", occasion, _PERSON, data)


def _installation(occasion: Occasion) -> Sample:
    installation: JsonObject = {
        "uuid": "0b4f6c1e-8a52-4d7b-9f1c-2f6d3a7e5c10",
        "organization": {"slug": "octo"},
        "app": {"slug": "sample"},
        "code": f"sample{occasion.number():x}",
        "status": "installed",
    }
    return _delivery("installation", occasion, _PERSON, {"installation": installation})


SAMPLES = SampleBook(
    {
        "comment": SampleEvent(_comment, LeadsTo.TASK, "a comment on an issue calls the agent", "created"),
        "error": SampleEvent(
            _error, LeadsTo.NOTHING, "a single error; a task only where a rule names it", "created"
        ),
        "event_alert": SampleEvent(_event_alert, LeadsTo.TASK, "an issue alert is triggered", "triggered"),
        "installation": SampleEvent(_installation, LeadsTo.REPLY, "the integration was installed", "created"),
        "issue": SampleEvent(
            _issue, LeadsTo.TASK, "an issue appears; with --action unresolved it returns", "created"
        ),
        "metric_alert": SampleEvent(_metric_alert, LeadsTo.TASK, "a metric alert is critical", "critical"),
    },
    sign,
)
"""Every resource of Sentry that is used."""
