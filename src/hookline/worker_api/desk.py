"""What the worker routes work with, and who may use them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from hookline.core.claiming import Claiming
from hookline.core.leases import Leases
from hookline.core.tokens import TokenKind, token_hash
from hookline.domain.errors import HooklineError
from hookline.domain.ids import Clock
from hookline.domain.lifecycle import Lost
from hookline.domain.work_records import WorkRecords
from hookline.domain.workers import LeaseReader, Worker, WorkerRegister, WorkLease

SEEN_EVERY = timedelta(minutes=1)


class UnknownTokenError(HooklineError):
    """The token is missing, malformed, unknown or revoked; which of it is not told."""


class LostLeaseError(HooklineError):
    """The lease is no longer the caller's."""

    def __init__(self, lost: Lost) -> None:
        """Keep who has it now."""
        super().__init__("the lease is lost")
        self.lost = lost


@dataclass(frozen=True, slots=True)
class WorkerDesk:
    """The parts behind the worker routes."""

    register: WorkerRegister
    lease_reader: LeaseReader
    claiming: Claiming
    leases: Leases
    records: WorkRecords
    clock: Clock

    async def worker(self, authorization: str | None) -> Worker:
        """Who asks, by `Authorization: Bearer hlw_…`.

        Raises:
            UnknownTokenError: nobody who may.
            StorageUnavailableError: the database does not answer.
        """
        scheme, _, token = (authorization or "").partition(" ")
        digest = token_hash(TokenKind.WORKER, token.strip()) if scheme.lower() == "bearer" else None
        worker = None if digest is None else await self.register.find(digest)
        if digest is None or worker is None:
            raise UnknownTokenError("expected `Authorization: Bearer` and a worker's token")
        await self._note(worker, digest)
        return worker

    async def _note(self, worker: Worker, digest: str) -> None:
        now = self.clock()
        if worker.last_seen_at is None or now - worker.last_seen_at >= SEEN_EVERY:
            await self.register.seen(digest, now)

    async def leases_of(self, worker: Worker, tokens: Sequence[str]) -> Sequence[WorkLease | None]:
        """The leases of tokens, in their order; `None` where it is no lease of this worker.

        Raises:
            StorageUnavailableError: the database does not answer.
        """
        digests = [token_hash(TokenKind.LEASE, token) for token in tokens]
        found = await self.lease_reader.by_leases([digest for digest in digests if digest is not None])
        leases = [None if digest is None else found.get(digest) for digest in digests]
        return [lease if lease is not None and lease.worker == worker.name else None for lease in leases]

    async def lease_of(self, worker: Worker, token: str) -> WorkLease:
        """The lease of one token, which must be one of this worker's.

        Raises:
            UnknownTokenError: it is none.
            StorageUnavailableError: the database does not answer.
        """
        (lease,) = await self.leases_of(worker, [token])
        if lease is None:
            raise UnknownTokenError("expected the token of a lease of this worker")
        return lease
