"""Blanks the secrets that Slack's payloads carry, in the bytes themselves.

Everything else stays as it was sent. Secrets are the verification `token` of every payload, tokens of bots
and people, and `response_url`, with which anybody may answer.
Source: docs.slack.dev/interactivity/handling-user-interaction.
"""

import re
from urllib.parse import quote_plus, unquote_to_bytes

_SECRETS = (
    b"token",
    b"verification_token",
    b"access_token",
    b"bot_access_token",
    b"user_access_token",
    b"refresh_token",
    b"response_url",
)
_BLANK = b"redacted"
_SECRET_IN_JSON = re.compile(
    rb'("(?:' + b"|".join(_SECRETS) + rb')"\s*+:\s*+)"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL
)


def redact_json(body: bytes) -> bytes:
    """The JSON with its secrets blanked; anything that is not JSON comes back as harmlessly."""
    return _SECRET_IN_JSON.sub(rb'\1"' + _BLANK + b'"', body)


def redact_form(body: bytes) -> bytes:
    """The form with its secrets blanked, those inside the JSON of `payload` too."""
    return b"&".join(_redact_field(field) for field in body.split(b"&"))


def _redact_field(field: bytes) -> bytes:
    name, equals, value = field.partition(b"=")
    known = _decoded(name)
    if known in _SECRETS:
        return name + equals + _BLANK
    if known != b"payload":
        return field
    payload = _decoded(value)
    redacted = redact_json(payload)
    return field if redacted == payload else name + equals + quote_plus(redacted).encode("ascii")


def _decoded(value: bytes) -> bytes:
    return unquote_to_bytes(value.replace(b"+", b" "))
