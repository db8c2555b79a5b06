"""Reads what a partition has paused."""

from collections.abc import Awaitable
from typing import Protocol

from hookline.queue.layout import PAUSES, Partition, scope_of
from hookline.queue.replies import SCANNED
from hookline.queue.scripts import Reply

AT_ONCE = 1_000


class Scanning(Protocol):
    """The command that looks through a hash."""

    def hscan(self, name: str, cursor: int, match: str | None = None, *, count: int) -> Awaitable[Reply]:
        """Some of its fields, and where to go on."""
        ...


async def paused_in(commands: Scanning, partition: Partition) -> set[str]:
    """The scopes that are paused, as the partition calls them; raises what the client raises."""
    paused: set[str] = set()
    cursor = 0
    while True:
        reply = await commands.hscan(partition.control, cursor, PAUSES, count=AT_ONCE)
        cursor, found = SCANNED.validate_python(reply)
        paused |= {scope_of(field.decode()) for field in found}
        if not cursor:
            return paused
