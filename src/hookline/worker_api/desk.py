"""What the worker routes work with, and who may use them."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from hookline.core.claiming import Assignment, Claiming
from hookline.core.leases import Leases
from hookline.core.tokens import TokenKind, token_hash
from hookline.domain.briefs import BriefReader, Words
from hookline.domain.errors import HooklineError
from hookline.domain.ids import Clock, TaskId
from hookline.domain.lifecycle import Fence, Lost
from hookline.domain.task import Task
from hookline.domain.work_records import WorkRecords
from hookline.domain.worker_messages import Assigned, Said, Work
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


class WholeTasks(Protocol):
    """Reads tasks with their texts."""

    async def whole(self, task_ids: Sequence[TaskId], /) -> Mapping[TaskId, Task]:
        """These tasks, as far as they are there."""
        ...


@dataclass(frozen=True, slots=True)
class WorkerDesk:
    """The parts behind the worker routes."""

    register: WorkerRegister
    lease_reader: LeaseReader
    tasks: WholeTasks
    claiming: Claiming
    leases: Leases
    records: WorkRecords
    briefs: BriefReader
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

    async def assigned(self, assignments: Sequence[Assignment]) -> tuple[Assigned, ...]:
        """Assignments as they are answered, each with its task.

        Raises:
            StorageUnavailableError: the database does not answer.
        """
        if not assignments:
            return ()
        task_ids = [assignment.task_id for assignment in assignments]
        tasks, briefs = await asyncio.gather(self.tasks.whole(task_ids), self.briefs.briefs(task_ids))
        return tuple(
            Assigned(
                task=_work(task),
                session=briefs[task.id].session,
                words=tuple(_words(said, assignment.fence) for said in briefs[task.id].words),
                fence=assignment.fence,
                lease_ends_at=assignment.lease_ends_at,
                lease_token=assignment.lease_token,
                tool_token=assignment.tool_token,
            )
            for assignment in assignments
            if (task := tasks.get(assignment.task_id)) is not None
        )


def _words(words: Words, fence: Fence) -> Said:
    return Said(
        kind=words.kind,
        text=words.text,
        said_by=words.said_by,
        url=words.url,
        said_at=words.said_at,
        is_new=words.after_fence + 1 >= fence,
    )


def _work(task: Task) -> Work:
    return Work(
        id=task.id,
        provider=task.provider,
        source=task.source,
        lane=task.lane,
        conversation=task.conversation,
        verb=task.verb.value,
        text=task.text,
        title=task.title,
        url=task.url,
        requested_by=task.requested_by,
        agent=task.agent,
        model=task.model,
        mode=task.mode.value,
        repository=task.repository,
        base_ref=task.base_ref,
        band=int(task.band),
        accepted_at=task.accepted_at,
    )
