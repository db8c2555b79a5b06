"""Names of things, each with its own type."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NewType, TypeAlias

DeliveryId = NewType("DeliveryId", str)
TaskId = NewType("TaskId", str)

NewId: TypeAlias = Callable[[], str]
"""Makes a fresh UUIDv7 in its canonical text form, so ids sort by time."""

Clock: TypeAlias = Callable[[], datetime]
"""Tells the time as an aware UTC datetime."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def first_id_at(moment: datetime) -> str:
    """The beginning that every UUIDv7 made at or after this moment is greater than or equal to."""
    milliseconds = max((moment - _EPOCH) // _MILLISECOND, 0)
    digits = f"{milliseconds:012x}"
    return f"{digits[:8]}-{digits[8:]}"
