"""Conditions on ids by how they begin, so that the primary key finds them."""

from sqlalchemy import ColumnElement
from sqlalchemy.orm import InstrumentedAttribute

_AFTER_EVERY_DIGIT = "g"


def begins_with(column: InstrumentedAttribute[str], prefix: str) -> ColumnElement[bool]:
    """Ids that begin with these hexadecimal digits and hyphens."""
    return (column >= prefix) & (column < prefix + _AFTER_EVERY_DIGIT)
