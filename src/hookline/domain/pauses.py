"""Pauses of the whole queue or of one lane, and the port that remembers them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from hookline.domain.frozen import frozen
from hookline.domain.reading import AuditEntry


@frozen
class Pause:
    """Nothing of `scope`, a lane or `EVERY_LANE`, is given out; who said so, when, and why if they told."""

    scope: str
    since: datetime
    paused_by: str
    reason: str | None = None


class PauseRegister(Protocol):
    """Remembers pauses; the queue is told of them after the commit, and again by the relay.

    Every method raises `StorageUnavailableError` when the database does not answer.
    """

    async def pause(self, pause: Pause, entry: AuditEntry, /) -> Pause:
        """Pause a scope, audited in the same transaction.

        Returns:
            The pause that holds now: an earlier one of the scope stays as it is, and nothing is audited.
        """
        ...

    async def resume(self, scope: str, entry: AuditEntry, /) -> Pause | None:
        """Take back a pause, audited in the same transaction; tells which, `None` where there was none."""
        ...

    async def pauses(self) -> Sequence[Pause]:
        """All pauses, by scope."""
        ...
