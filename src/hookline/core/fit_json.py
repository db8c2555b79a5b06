"""JSON objects from workers, made fit to be stored, or refused by the field's name."""

import json
from collections.abc import Mapping
from math import isfinite

from pydantic import JsonValue

from hookline.domain.text import clean


class UnfitJsonError(ValueError):
    """What was given cannot be kept; the text tells why, never the value."""


def fit_json(value: Mapping[str, JsonValue], most_bytes: int) -> str:
    """An object as it is stored: compact JSON, without what no database stores.

    Raises:
        UnfitJsonError: it is no JSON object, is nested too deeply, or is larger than `most_bytes`.
    """
    try:
        told = json.dumps(_cleaned(dict(value)), ensure_ascii=False, separators=(",", ":"))
    except (RecursionError, AttributeError, TypeError, ValueError):
        raise UnfitJsonError("not an object of JSON, or nested too deeply") from None
    if (size := len(told.encode())) > most_bytes:
        raise UnfitJsonError(f"{size} bytes of JSON, at most {most_bytes} are kept")
    return told


def _cleaned(value: JsonValue) -> JsonValue:
    match value:
        case str():
            return clean(value)
        case float() if not isfinite(value):
            return None
        case list():
            return [_cleaned(item) for item in value]
        case dict():
            return {clean(name): _cleaned(item) for name, item in value.items()}
        case _:
            return value
