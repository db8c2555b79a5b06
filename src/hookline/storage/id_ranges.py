"""Conditions on ids that begin with the time they were made at, so that the primary key finds them."""

from datetime import datetime

from sqlalchemy import ColumnElement
from sqlalchemy.orm import InstrumentedAttribute

from hookline.storage.columns import microseconds

_AFTER_EVERY_DIGIT = "g"


def begins_with(column: InstrumentedAttribute[str], prefix: str) -> ColumnElement[bool]:
    """Ids that begin with these hexadecimal digits and hyphens."""
    return (column >= prefix) & (column < prefix + _AFTER_EVERY_DIGIT)


def made_before(column: InstrumentedAttribute[str], moment: datetime) -> ColumnElement[bool]:
    """Ids that are made before a moment, to the millisecond.

    A UUIDv7 begins with the milliseconds since 1970 in 48 bits (RFC 9562, section 5.7).
    """
    digits = f"{max(microseconds(moment) // 1_000, 0):012x}"
    return column < f"{digits[:8]}-{digits[8:]}"
