"""Workers, the attempts they hold, and the ports through which their tokens are looked up.

Tokens are handed out once and stored as SHA-256 digests in hex.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from hookline.domain.frozen import frozen
from hookline.domain.ids import TaskId
from hookline.domain.lifecycle import Fence


@frozen
class Worker:
    """Somebody who may claim tasks, until revoked."""

    name: str
    created_at: datetime
    revoked_at: datetime | None
    last_seen_at: datetime | None


@frozen
class Holding:
    """An attempt that a token speaks for.

    With `is_holder` it still runs, whatever the clock says of its lease.
    """

    task_id: TaskId
    fence: Fence
    worker: str
    is_holder: bool
    is_cancelled: bool
    lease_ends_at: datetime | None


class WorkerRegister(Protocol):
    """Remembers workers by the digest of their token.

    Every method raises `StorageUnavailableError` when the database does not answer.
    """

    async def add(self, name: str, token_hash: str, now: datetime, /) -> Worker:
        """Let a new worker in.

        Raises:
            WorkerNameTakenError: one of this name is there and not revoked.
        """
        ...

    async def find(self, token_hash: str, /) -> Worker | None:
        """The worker of a token, unless it is revoked."""
        ...

    async def seen(self, token_hash: str, now: datetime, /) -> None:
        """Note that a worker was heard of; an earlier moment than the noted one changes nothing."""
        ...

    async def revoke(self, name: str, now: datetime, /) -> bool:
        """Let a worker's token be worth nothing from now on; tells whether there was such a worker."""
        ...

    async def workers(self) -> Sequence[Worker]:
        """All of them, by name, revoked ones too."""
        ...


class HoldingReader(Protocol):
    """Finds the attempt that a token speaks for.

    Every method raises `StorageUnavailableError` when the database does not answer.
    """

    async def by_lease(self, lease_hash: str, /) -> Holding | None:
        """The attempt of a lease token, which is the worker's."""
        ...

    async def by_tool(self, tool_hash: str, /) -> Holding | None:
        """The attempt of a tool token, which is the agent's."""
        ...
