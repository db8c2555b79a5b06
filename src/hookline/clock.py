"""The time and the fresh ids that the composition hands to the parts."""

from datetime import UTC, datetime

from uuid_utils import uuid7


def utc_now() -> datetime:
    """The time, as an aware UTC datetime."""
    return datetime.now(UTC)


def new_id() -> str:
    """A fresh UUIDv7."""
    return str(uuid7())
