"""Workers, the attempts they hold, and the ports through which their tokens are looked up.

Tokens are handed out once and stored as SHA-256 digests in hex.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from hookline.domain.frozen import frozen
from hookline.domain.ids import TaskId
from hookline.domain.lifecycle import Fence
from hookline.domain.queue import ClaimId, Holding


@frozen
class Worker:
    """Somebody who may claim tasks, until revoked."""

    name: str
    created_at: datetime
    revoked_at: datetime | None
    last_seen_at: datetime | None


@frozen
class WorkLease:
    """An attempt that a token speaks for.

    With `is_holder` it still runs, whatever the clock says of its lease.
    """

    task_id: TaskId
    lane: str
    fence: Fence
    worker: str
    claim_id: ClaimId
    is_holder: bool
    is_cancelled: bool
    lease_ends_at: datetime | None

    @property
    def holding(self) -> Holding:
        """The same, as the queue knows it."""
        return Holding(self.task_id, self.lane, self.claim_id)


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


class LeaseReader(Protocol):
    """Finds the attempt that a token speaks for.

    Every method raises `StorageUnavailableError` when the database does not answer.
    """

    async def by_leases(self, lease_hashes: Sequence[str], /) -> Mapping[str, WorkLease]:
        """The attempts of lease tokens, which are the worker's, by the token's digest."""
        ...

    async def by_tool(self, tool_hash: str, /) -> WorkLease | None:
        """The attempt of a tool token, which is the agent's."""
        ...
