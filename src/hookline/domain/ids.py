"""Names of things, each with its own type."""

from collections.abc import Callable
from datetime import datetime
from typing import NewType, TypeAlias

DeliveryId = NewType("DeliveryId", str)
TaskId = NewType("TaskId", str)

NewId: TypeAlias = Callable[[], str]
"""Makes a fresh UUIDv7 in its canonical text form, so ids sort by time."""

Clock: TypeAlias = Callable[[], datetime]
"""Tells the time as an aware UTC datetime."""
