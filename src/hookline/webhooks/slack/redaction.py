"""Blanks the secrets that Slack's payloads carry, in the bytes themselves.

Everything else stays as it was sent. Secrets are the fields whose names end in `token` (the verification
token of every payload, tokens of bots and people) or in `response_url`, with which anybody may answer.
Source: docs.slack.dev/interactivity/handling-user-interaction.
"""

import re
from urllib.parse import quote_plus, unquote_to_bytes

_SECRETS = (b"token", b"response_url")
_BLANK = b"redacted"
_SECRETS_IN_JSON = tuple(
    re.compile(name + rb'("\s*+:\s*+)"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL) for name in _SECRETS
)


def redact_json(body: bytes) -> bytes:
    """The JSON with its secrets blanked; anything that is not JSON comes back as harmlessly."""
    for name, pattern in zip(_SECRETS, _SECRETS_IN_JSON, strict=True):
        body = pattern.sub(name + rb'\1"' + _BLANK + b'"', body)
    return body


def redact_form(body: bytes) -> bytes:
    """The form with its secrets blanked, those inside the JSON of `payload` too."""
    return b"&".join(_redact_field(field) if b"=" in field else field for field in body.split(b"&"))


def _redact_field(field: bytes) -> bytes:
    name, equals, value = field.partition(b"=")
    known = _decoded(name)
    if known.endswith(_SECRETS):
        return name + equals + _BLANK
    if known != b"payload":
        return field
    payload = _decoded(value)
    redacted = redact_json(payload)
    return field if redacted == payload else name + equals + quote_plus(redacted).encode("ascii")


def _decoded(value: bytes) -> bytes:
    return unquote_to_bytes(value.replace(b"+", b" "))
