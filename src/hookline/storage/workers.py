"""Workers and the attempts they hold, found by the digests of their tokens."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import BindParameter, Connection, Select, bindparam, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session, load_only

from hookline.domain.errors import WorkerNameTakenError
from hookline.domain.ids import TaskId
from hookline.domain.lifecycle import Fence
from hookline.domain.queue import ClaimId
from hookline.domain.task import TaskState
from hookline.domain.workers import Worker, WorkLease
from hookline.storage.columns import microseconds
from hookline.storage.database import Database
from hookline.storage.models import AttemptRow, TaskRow, WorkerRow
from hookline.storage.rows import stored_name

_IS_VALID = WorkerRow.revoked_at.is_(None)
_FIND = select(WorkerRow).where((WorkerRow.token_hash == bindparam("token_hash")) & _IS_VALID)
_ADD = text(
    "INSERT INTO workers (token_hash, name, created_at) VALUES (:token_hash, :name, :created_at)"
    " ON CONFLICT (name) WHERE revoked_at IS NULL DO NOTHING RETURNING name"
)

_OF_ATTEMPT = (
    AttemptRow.task_id,
    AttemptRow.fence,
    AttemptRow.worker,
    AttemptRow.claim_id,
    AttemptRow.lease_hash,
    AttemptRow.tool_hash,
)
_OF_TASK = (TaskRow.lane, TaskRow.state, TaskRow.fence, TaskRow.cancel_requested_at, TaskRow.lease_ends_at)
_PAIRS = (
    select(AttemptRow, TaskRow)
    .join(TaskRow, TaskRow.id == AttemptRow.task_id)
    .options(load_only(*_OF_ATTEMPT), load_only(*_OF_TASK))
)
_GIVEN: BindParameter[str] = bindparam("token_hashes", expanding=True)
_BY_LEASE = _PAIRS.where(AttemptRow.lease_hash.in_(_GIVEN))
_BY_TOOL = _PAIRS.where(AttemptRow.tool_hash.in_(_GIVEN))


class SqlWorkerRegister:
    """`WorkerRegister` in a table."""

    def __init__(self, database: Database) -> None:
        """Keep the database."""
        self._database = database

    async def add(self, name: str, token_hash: str, now: datetime, /) -> Worker:
        """Let a new worker in; see the port."""
        known = stored_name(name)
        given = {"token_hash": token_hash, "name": known, "created_at": microseconds(now)}
        async with self._database.write() as connection:
            if (await connection.execute(_ADD, given)).first() is None:
                raise WorkerNameTakenError(f"there is a worker named {known} already; revoke it first")
        return Worker(known, now, None, None)

    async def find(self, token_hash: str, /) -> Worker | None:
        """The worker of a token, unless it is revoked."""

        def find(connection: Connection) -> Worker | None:
            with Session(connection) as session:
                row = session.scalars(_FIND, {"token_hash": token_hash}).one_or_none()
                return None if row is None else _worker(row)

        return await self._database.view(find)

    async def seen(self, token_hash: str, now: datetime, /) -> None:
        """Note that a worker was heard of."""
        is_later = or_(WorkerRow.last_seen_at.is_(None), WorkerRow.last_seen_at < now)
        change = update(WorkerRow).where((WorkerRow.token_hash == token_hash) & is_later)
        async with self._database.write() as connection:
            _ = await connection.execute(change.values(last_seen_at=now))

    async def revoke(self, name: str, now: datetime, /) -> bool:
        """Let a worker's token be worth nothing from now on."""
        change = update(WorkerRow).where((WorkerRow.name == stored_name(name)) & _IS_VALID)
        async with self._database.write() as connection:
            return (await connection.execute(change.values(revoked_at=now))).rowcount > 0

    async def workers(self) -> Sequence[Worker]:
        """All of them, by name."""
        query = select(WorkerRow).order_by(WorkerRow.name, WorkerRow.created_at)
        async with self._database.read() as connection, AsyncSession(connection) as session:
            return [_worker(row) for row in await session.scalars(query)]


class SqlLeaseReader:
    """`LeaseReader` in the tables of attempts and tasks."""

    def __init__(self, database: Database) -> None:
        """Keep the database."""
        self._database = database

    async def by_leases(self, lease_hashes: Sequence[str], /) -> Mapping[str, WorkLease]:
        """The attempts of lease tokens, by the token's digest."""
        pairs = await self._found(_BY_LEASE, lease_hashes)
        return {attempt.lease_hash: _lease(attempt, task) for attempt, task in pairs}

    async def by_tool(self, tool_hash: str, /) -> WorkLease | None:
        """The attempt of a tool token."""
        pairs = await self._found(_BY_TOOL, [tool_hash])
        return next((_lease(attempt, task) for attempt, task in pairs), None)

    async def _found(
        self, query: Select[AttemptRow, TaskRow], token_hashes: Sequence[str]
    ) -> Sequence[tuple[AttemptRow, TaskRow]]:
        def find(connection: Connection) -> Sequence[tuple[AttemptRow, TaskRow]]:
            with Session(connection) as session:
                return [(row[0], row[1]) for row in session.execute(query, {"token_hashes": token_hashes})]

        return await self._database.view(find)


def _lease(attempt: AttemptRow, task: TaskRow) -> WorkLease:
    is_holder = task.state == TaskState.RUNNING.value and task.fence == attempt.fence
    return WorkLease(
        task_id=TaskId(attempt.task_id),
        lane=task.lane,
        fence=Fence(attempt.fence),
        worker=attempt.worker,
        claim_id=ClaimId(attempt.claim_id),
        is_holder=is_holder,
        is_cancelled=is_holder and task.cancel_requested_at is not None,
        lease_ends_at=task.lease_ends_at if is_holder else None,
    )


def _worker(row: WorkerRow) -> Worker:
    return Worker(row.name, row.created_at, row.revoked_at, row.last_seen_at)
