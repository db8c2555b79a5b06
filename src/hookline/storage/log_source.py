"""Hands the task logger what is not yet in the files."""

import json
from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from hookline.domain.ids import DeliveryId, TaskId
from hookline.domain.log import LoggedTask, TaskOrigin
from hookline.domain.reading import DeliverySummary, StoredFact
from hookline.storage.bulk import Cell
from hookline.storage.database import Database
from hookline.storage.delivery_reader import WITHOUT_CONTENT
from hookline.storage.models import DeliveryRow, TaskEventRow, TaskRow
from hookline.storage.row_views import delivery_summary, stored_fact

_FIRST = 1
_MARK = {
    "sqlite": (
        "UPDATE task_events SET logged = 1"
        " FROM (SELECT value ->> 0 AS task_id, value ->> 1 AS seq FROM json_each(?)) AS done"
        " WHERE task_events.task_id = done.task_id AND task_events.seq = done.seq"
    ),
    "postgresql": (
        "UPDATE task_events SET logged = 1"
        " FROM unnest($1::text[], $2::int[]) AS done(task_id, seq)"
        " WHERE task_events.task_id = done.task_id AND task_events.seq = done.seq"
    ),
}


class SqlLogSource:
    """`LogSource` on SQLite and PostgreSQL."""

    def __init__(self, database: Database) -> None:
        """Keep the database."""
        self._database = database

    async def unlogged(self, limit: int, /) -> Sequence[LoggedTask]:
        """At most `limit` tasks with all their unlogged facts, oldest facts first."""
        is_unlogged = TaskEventRow.logged == 0
        oldest = (
            select(TaskEventRow.task_id)
            .where(is_unlogged)
            .order_by(TaskEventRow.at, TaskEventRow.task_id)
            .limit(limit)
        )
        async with self._database.read() as connection, AsyncSession(connection) as session:
            task_ids = list(dict.fromkeys(await session.scalars(oldest)))
            return await _logged_tasks(session, task_ids, is_unlogged) if task_ids else []

    async def whole(self, task_id: TaskId, /) -> LoggedTask | None:
        """A task with all its facts, logged or not."""
        async with self._database.read() as connection, AsyncSession(connection) as session:
            found = await _logged_tasks(session, [task_id], TaskEventRow.seq >= _FIRST)
            return found[0] if found else None

    async def mark_logged(self, facts: Sequence[tuple[TaskId, int]], /) -> None:
        """Note that these facts, by task and `seq`, are in their files."""
        if not facts:
            return
        async with self._database.write() as connection:
            dialect = connection.dialect.name
            given: tuple[Cell | list[str] | list[int], ...] = (
                (json.dumps(facts),)
                if dialect == "sqlite"
                else ([task_id for task_id, _ in facts], [seq for _, seq in facts])
            )
            _ = await connection.exec_driver_sql(_MARK[dialect], given)


async def _logged_tasks(
    session: AsyncSession, task_ids: Sequence[str], which: ColumnElement[bool]
) -> Sequence[LoggedTask]:
    facts = await _facts(session, task_ids, which)
    fresh = {task_id for task_id in task_ids if facts[task_id] and facts[task_id][0].seq == _FIRST}
    rows = await session.scalars(select(TaskRow).where(TaskRow.id.in_(task_ids)))
    tasks = {task.id: task for task in rows}
    deliveries = await _deliveries(session, [tasks[task_id].delivery_id for task_id in fresh & tasks.keys()])
    return [
        LoggedTask(
            id=TaskId(task.id),
            delivery_id=DeliveryId(task.delivery_id),
            origin=_origin(task, facts[task.id][0], deliveries.get(task.delivery_id))
            if task.id in fresh
            else None,
            facts=facts[task.id],
        )
        for task_id in task_ids
        if (task := tasks.get(task_id)) is not None
    ]


async def _facts(
    session: AsyncSession, task_ids: Sequence[str], which: ColumnElement[bool]
) -> Mapping[str, Sequence[StoredFact]]:
    query = (
        select(TaskEventRow)
        .where(TaskEventRow.task_id.in_(task_ids) & which)
        .order_by(TaskEventRow.task_id, TaskEventRow.seq)
    )
    facts: dict[str, list[StoredFact]] = {task_id: [] for task_id in task_ids}
    for row in await session.scalars(query):
        facts[row.task_id].append(stored_fact(row))
    return facts


async def _deliveries(session: AsyncSession, delivery_ids: Sequence[str]) -> Mapping[str, DeliverySummary]:
    if not delivery_ids:
        return {}
    query = select(DeliveryRow).options(*WITHOUT_CONTENT).where(DeliveryRow.id.in_(delivery_ids))
    return {row.id: delivery_summary(row) for row in await session.scalars(query)}


def _origin(task: TaskRow, created: StoredFact, delivery: DeliverySummary | None) -> TaskOrigin:
    text = created.data.get("text")
    return TaskOrigin(
        accepted_at=task.accepted_at,
        provider=task.provider,
        source=task.source,
        trigger=task.trigger,
        text=text if isinstance(text, str) else "",
        delivery=delivery,
    )
