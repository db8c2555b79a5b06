"""Blanks the secret that Sentry's payloads carry: the grant code of an installation."""

from pydantic import JsonValue, TypeAdapter, ValidationError

from hookline.core.payloads import without_lone_surrogates

REDACTED = "[redacted]"

_JSON: TypeAdapter[JsonValue] = TypeAdapter(JsonValue)
_CODE_FIELD = b'"code"'


def without_installation_code(body: bytes) -> bytes:
    """The body with every `installation.code` blanked; untouched where there is none.

    A body that cannot be read is reduced to an empty object rather than kept with what may be in it.
    """
    if _CODE_FIELD not in body:
        return body
    try:
        value = _JSON.validate_json(without_lone_surrogates(body))
    except ValidationError:
        return b"{}"
    redacted = _redact(value)
    return body if redacted == value else _JSON.dump_json(redacted)


def _redact(value: JsonValue) -> JsonValue:
    if isinstance(value, list):
        return [_redact(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: _redact(_blank_code(item) if name == "installation" else item) for name, item in value.items()
    }


def _blank_code(installation: JsonValue) -> JsonValue:
    if isinstance(installation, dict) and "code" in installation:
        return {**installation, "code": REDACTED}
    return installation
