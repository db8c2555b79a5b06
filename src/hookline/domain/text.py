"""Text from outside, made safe to store: no NUL, no lone surrogates, bounded."""

import re
from datetime import UTC, datetime
from typing import Annotated, TypeAlias

from pydantic import Field

TITLE_LIMIT = 300
TEXT_LIMIT = 65_536
NAME_LIMIT = 255

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def clean(value: str) -> str:
    """Replace NUL and lone surrogates, which no database stores, by U+FFFD."""
    if value.isascii():
        return value.replace("\x00", "\ufffd") if "\x00" in value else value
    return _UNSTORABLE.sub("\ufffd", value) if _UNSTORABLE.search(value) else value


def shorten(value: str, limit: int) -> str:
    """Cut a text to at most `limit` characters, the last one an ellipsis when something was cut."""
    return value if len(value) <= limit else value[: limit - 1] + "…"


def one_line(value: str, limit: int = TITLE_LIMIT) -> str:
    """Fold all white space of a text into single spaces and shorten it."""
    return shorten(" ".join(value.split()), limit)


def instant_text(moment: datetime) -> str:
    """A moment as lines and facts tell it: UTC with microseconds."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


CleanText: TypeAlias = str
"""A string field of a provider's payload that is stored or shown; the whole document is cleaned before."""

ExternalId = Annotated[str, Field(strict=False, coerce_numbers_to_str=True)]
"""An id that providers send now as a number and now as a string; always text here."""
