"""Reads tasks for people and tools."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from hookline.domain.ids import TaskId
from hookline.domain.reading import (
    AttemptSummary,
    StoredFact,
    TaskDelivery,
    TaskDetail,
    TaskFilter,
    TaskSummary,
    Unqueued,
)
from hookline.domain.task import CLAIMABLE_STATES
from hookline.storage.database import Database
from hookline.storage.delivery_reader import WITHOUT_CONTENT
from hookline.storage.id_ranges import begins_with
from hookline.storage.models import AttemptRow, DeliveryRow, DeliveryTaskRow, TaskEventRow, TaskRow
from hookline.storage.row_views import attempt_summary, delivery_summary, stored_fact, task_of, task_summary

_LONG_TEXTS = (TaskRow.text, TaskRow.result, TaskRow.question)
_OF_AGENTS = "agent."
_CLAIMABLE = sorted(state.value for state in CLAIMABLE_STATES)


class SqlTaskReader:
    """`TaskReader` on SQLite and PostgreSQL."""

    def __init__(self, database: Database) -> None:
        """Keep the database."""
        self._database = database

    async def tasks(
        self, condition: TaskFilter, before: TaskId | None, limit: int, /
    ) -> Sequence[TaskSummary]:
        """The newest tasks that are older than `before`."""
        is_older = true() if before is None else TaskRow.id < before
        query = (
            select(TaskRow)
            .options(*(defer(column, raiseload=True) for column in _LONG_TEXTS))
            .where(_holds(condition) & is_older)
            .order_by(TaskRow.id.desc())
            .limit(limit)
        )
        async with self._database.read() as connection, AsyncSession(connection) as session:
            return [task_summary(row) for row in await session.scalars(query)]

    async def task(self, task_id: TaskId, /) -> TaskDetail | None:
        """One task with everything about it."""
        async with self._database.read() as connection, AsyncSession(connection) as session:
            row = await session.get(TaskRow, task_id)
            if row is None:
                return None
            return TaskDetail(
                task_of(row),
                await _attempts(session, task_id),
                await _facts(session, task_id),
                await _deliveries(session, task_id),
            )

    async def task_ids(self, prefix: str, limit: int, /) -> Sequence[TaskId]:
        """Ids that begin so, oldest first."""
        query = select(TaskRow.id).where(begins_with(TaskRow.id, prefix)).order_by(TaskRow.id).limit(limit)
        async with self._database.read() as connection:
            return [TaskId(task_id) for task_id in (await connection.execute(query)).scalars()]

    async def unqueued(self) -> Unqueued:
        """What waits to be brought to the queue."""
        is_unqueued = (
            TaskRow.state.in_(_CLAIMABLE)
            & (TaskRow.queue_epoch == "")
            & TaskRow.cancel_requested_at.is_(None)
        )
        query = select(func.count(), func.min(TaskRow.accepted_at)).where(is_unqueued)
        async with self._database.read() as connection:
            count, oldest = (await connection.execute(query)).one()
            return Unqueued(count, oldest)


def _holds(condition: TaskFilter) -> ColumnElement[bool]:
    holds: ColumnElement[bool] = true()
    if condition.states:
        holds &= TaskRow.state.in_(sorted(state.value for state in condition.states))
    if condition.provider is not None:
        holds &= TaskRow.provider == condition.provider
    if condition.lane is not None:
        holds &= TaskRow.lane == condition.lane
    if condition.conversation is not None:
        holds &= TaskRow.conversation == condition.conversation
    if condition.finished_since is not None:
        holds &= TaskRow.finished_at >= condition.finished_since
    return holds


async def _attempts(session: AsyncSession, task_id: TaskId) -> Sequence[AttemptSummary]:
    query = select(AttemptRow).where(AttemptRow.task_id == task_id).order_by(AttemptRow.fence)
    return [attempt_summary(row) for row in await session.scalars(query)]


async def _facts(session: AsyncSession, task_id: TaskId) -> Sequence[StoredFact]:
    is_of_life = (TaskEventRow.task_id == task_id) & TaskEventRow.event.not_like(f"{_OF_AGENTS}%")
    query = select(TaskEventRow).where(is_of_life).order_by(TaskEventRow.seq)
    return [stored_fact(row) for row in await session.scalars(query)]


async def _deliveries(session: AsyncSession, task_id: TaskId) -> Sequence[TaskDelivery]:
    query = (
        select(DeliveryTaskRow.role, DeliveryRow)
        .options(*WITHOUT_CONTENT)
        .join(DeliveryRow, DeliveryRow.id == DeliveryTaskRow.delivery_id)
        .where(DeliveryTaskRow.task_id == task_id)
        .order_by(DeliveryRow.id)
    )
    return [TaskDelivery(role, delivery_summary(row)) for role, row in await session.execute(query)]
