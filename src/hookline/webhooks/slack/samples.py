"""Slack's samples.

Shapes: docs.slack.dev/apis/events-api, docs.slack.dev/interactivity/implementing-slash-commands,
docs.slack.dev/reference/interaction-payloads
"""

import hmac
from collections.abc import Callable, Mapping
from datetime import datetime
from hashlib import sha256

from hookline.core.commands import mention_of
from hookline.core.samples import (
    FORM,
    JsonObject,
    LeadsTo,
    Occasion,
    Sample,
    SampleBook,
    SampleEvent,
    form_body,
    payload_form_body,
)

_TEAM = "T0SAMPLE"
_CHANNEL = "C0SAMPLE"
_PERSON = "U0PERSON"
_AGENT = "U0AGENT"
_APP = "A0SAMPLE"
_VERIFICATION = "sample-verification-token"
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def sign(body: bytes, at: datetime, secret: bytes, /) -> Mapping[str, str]:
    """`X-Slack-Signature` over `v0:{timestamp}:{body}`."""
    timestamp = str(int(at.timestamp()))
    digest = hmac.new(secret, b"v0:%s:" % timestamp.encode() + body, sha256).hexdigest()
    return {"x-slack-request-timestamp": timestamp, "x-slack-signature": f"v0={digest}"}


def _agent(occasion: Occasion) -> str:
    return next(iter(sorted(occasion.source.bot_names)), _AGENT)


def _said(occasion: Occasion) -> str:
    """The text as Slack writes it: entities encoded, the handle as a user's mention."""
    text = occasion.text.translate(_ENTITIES)
    return mention_of(occasion.handle).sub(lambda _: f"<@{_agent(occasion)}>", text)


def _addressed(occasion: Occasion) -> str:
    """The text with a mention of the app, without which Slack would send no `app_mention`."""
    text, mention = _said(occasion), f"<@{_agent(occasion)}>"
    return text if mention in text else f"{mention} {text}"


def _ts(occasion: Occasion) -> str:
    return f"{int(occasion.at.timestamp())}.{occasion.number() % 1_000_000:06d}"


def _event(occasion: Occasion, parts: JsonObject) -> Sample:
    agent: JsonObject = {
        "team_id": _TEAM,
        "user_id": _agent(occasion),
        "is_bot": True,
        "is_enterprise_install": False,
    }
    return Sample(
        {
            "token": _VERIFICATION,
            "team_id": _TEAM,
            "api_app_id": _APP,
            "type": "event_callback",
            "event": parts,
            "event_id": f"Ev{occasion.number():011X}",
            "event_time": int(occasion.at.timestamp()),
            "authorizations": [agent],
            "is_ext_shared_channel": False,
        },
        _HEADERS,
    )


def _post(
    kind: str, channel: str, channel_type: str | None, write: Callable[[Occasion], str] = _said
) -> Callable[[Occasion], Sample]:
    def build(occasion: Occasion) -> Sample:
        ts = _ts(occasion)
        where: JsonObject = {"channel_type": channel_type} if channel_type else {}
        return _event(
            occasion,
            {
                "type": kind,
                "user": _PERSON,
                "text": write(occasion),
                "ts": ts,
                "team": _TEAM,
                "channel": channel,
                "event_ts": ts,
                **where,
            },
        )

    return build


def _command(occasion: Occasion) -> Sample:
    return Sample(
        {
            "token": _VERIFICATION,
            "team_id": _TEAM,
            "team_domain": "sample",
            "channel_id": _CHANNEL,
            "channel_name": "builds",
            "user_id": _PERSON,
            "user_name": "sample-person",
            "command": f"/{occasion.handle}",
            "text": occasion.spoken,
            "api_app_id": _APP,
            "response_url": "https://hooks.slack.com/commands/sample",
            "trigger_id": f"{occasion.number()}.{occasion.number()}.sample",
        },
        _HEADERS,
        FORM,
        form_body,
    )


def _interaction(occasion: Occasion, parts: JsonObject) -> Sample:
    ts = _ts(occasion)
    document: JsonObject = {
        "token": _VERIFICATION,
        "team": {"id": _TEAM, "domain": "sample"},
        "user": {"id": _PERSON, "username": "sample-person", "team_id": _TEAM},
        "channel": {"id": _CHANNEL, "name": "builds"},
        "api_app_id": _APP,
        "trigger_id": f"{occasion.number()}.{occasion.number()}.sample",
        "response_url": "https://hooks.slack.com/actions/sample",
        "message_ts": ts,
        "message": {"type": "message", "user": _PERSON, "text": _said(occasion), "ts": ts},
    }
    return Sample({**document, **parts}, _HEADERS, FORM, payload_form_body)


def _shortcut(occasion: Occasion) -> Sample:
    return _interaction(occasion, {"type": "message_action", "callback_id": "hookline"})


def _button(occasion: Occasion) -> Sample:
    return _interaction(
        occasion,
        {
            "type": "block_actions",
            "actions": [{"type": "button", "action_id": f"hookline:cancel:{occasion.number():x}"}],
        },
    )


def _url_verification(occasion: Occasion) -> Sample:
    challenge = f"sample{occasion.number():x}"
    return Sample({"token": _VERIFICATION, "type": "url_verification", "challenge": challenge}, _HEADERS)


def _ssl_check(occasion: Occasion) -> Sample:
    del occasion
    return Sample({"ssl_check": "1", "token": _VERIFICATION}, _HEADERS, FORM, form_body)


_HEADERS = {"user-agent": "Slackbot 1.0 (+https://api.slack.com/robots)"}

SAMPLES = SampleBook(
    {
        "app_mention": SampleEvent(
            _post("app_mention", _CHANNEL, None, _addressed),
            LeadsTo.TASK,
            "a post in a channel mentions the app",
        ),
        "button": SampleEvent(_button, LeadsTo.CONTROL, "somebody presses cancel below a task"),
        "command": SampleEvent(_command, LeadsTo.TASK, "a slash command"),
        "direct_message": SampleEvent(
            _post("message", "D0SAMPLE", "im"), LeadsTo.TASK, "a message to the app alone"
        ),
        "message": SampleEvent(
            _post("message", _CHANNEL, "channel"), LeadsTo.TASK, "a post in a channel names the handle"
        ),
        "shortcut": SampleEvent(_shortcut, LeadsTo.TASK, "the shortcut `hookline` on a post"),
        "ssl_check": SampleEvent(_ssl_check, LeadsTo.REPLY, "Slack probes the certificate"),
        "url_verification": SampleEvent(_url_verification, LeadsTo.REPLY, "the handshake of the Events API"),
    },
    sign,
)
"""What of Slack can be sent."""
