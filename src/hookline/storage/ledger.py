"""What the queue has been told, as the database remembers it."""

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from functools import partial
from itertools import pairwise
from typing import TypeAlias

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Row,
    Select,
    String,
    TextClause,
    case,
    column,
    func,
    select,
    text,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute

from hookline.domain.command import Band
from hookline.domain.ids import TaskId
from hookline.domain.lifecycle import Fence
from hookline.domain.queue import ClaimId, Lease, QueuedTask, QueueEpoch
from hookline.storage.bulk import Cell
from hookline.storage.database import Database
from hookline.storage.models import HELD_BY_QUEUE, RUNNING, AttemptRow, PauseRow, TaskRow
from hookline.storage.states import IS_HELD_BY_QUEUE, IS_RUNNING

_Row: TypeAlias = Row[str, int, str, str, datetime, datetime | None, datetime | None, datetime | None, str]
_Gap: TypeAlias = tuple[str | None, str | None]
_RUNS_UNTIL = case((IS_RUNNING, func.coalesce(TaskRow.lease_ends_at, TaskRow.accepted_at)))
_EPOCH = column("queue_epoch", String())
_ACCEPTED = column("accepted_at", BigInteger())
_IS_HELD = text(f"{HELD_BY_QUEUE} AND ({RUNNING} OR cancel_requested_at IS NULL)")
_TASKS = text("tasks")
_BY_EPOCH = text("tasks INDEXED BY ix_tasks_queue_epoch_accepted_at")
"""SQLite would look at every task of these states instead."""

_MARK = {
    "sqlite": (
        "UPDATE tasks SET queue_epoch = told.epoch"
        " FROM (SELECT value ->> 0 AS id, value ->> 1 AS epoch FROM json_each(?)) AS told"
        " WHERE tasks.id = told.id"
    ),
    "postgresql": (
        "WITH told AS (SELECT * FROM unnest($1::text[], $2::text[]) AS told(id, epoch)), locked AS"
        " (SELECT id FROM tasks WHERE id = ANY($1::text[]) ORDER BY id FOR NO KEY UPDATE)"
        " UPDATE tasks SET queue_epoch = told.epoch FROM told JOIN locked USING (id)"
        " WHERE tasks.id = told.id"
    ),
}


class SqlQueueLedger:
    """`QueueLedger` in the tasks' own table."""

    def __init__(self, database: Database) -> None:
        """Keep the database."""
        self._database = database

    async def mark(self, task_ids: Sequence[TaskId], epoch: QueueEpoch, /) -> None:
        """Note that these tasks are in the queue of this epoch."""
        await self.mark_each([(task_id, epoch) for task_id in task_ids])

    async def mark_each(self, marks: Sequence[tuple[TaskId, QueueEpoch]], /) -> None:
        """Note for each of these tasks in which epoch's queue it is."""
        if marks:
            await self._database.transact(partial(_mark, marks=sorted(marks)))

    async def missing(
        self, epochs: Collection[QueueEpoch], before: datetime, limit: int, /
    ) -> Sequence[QueuedTask]:
        """Tasks from before a moment that a queue of these epochs should hold and lacks; oldest first.

        They are all of one epoch, the one with the oldest task, and found in the order of an index: whoever
        asks part by part reads each task once, however many there are.
        """
        elsewhere = await self._epochs_elsewhere(epochs)
        if not elsewhere:
            return []
        _, epoch = min(elsewhere)
        is_missing = IS_HELD_BY_QUEUE & (TaskRow.queue_epoch == epoch) & (TaskRow.accepted_at < before)
        return await self._queued(is_missing, TaskRow.accepted_at, limit)

    async def _epochs_elsewhere(self, known: Collection[QueueEpoch]) -> Sequence[tuple[int, str]]:
        """Epochs of tasks that are in none of the known ones, each with the acceptance of its oldest."""
        found: list[tuple[int, str]] = []
        source = _BY_EPOCH if self._database.is_sqlite else _TASKS
        gaps = list(pairwise((None, *sorted(known), None)))
        async with self._database.read() as connection:
            while gaps:
                query = union_all(*(_first_between(gap, source) for gap in gaps))
                firsts = [(oldest, epoch) for epoch, oldest in await connection.execute(query)]
                found += firsts
                gaps = [(epoch, _next_after(epoch, known)) for _, epoch in firsts]
        return found

    async def as_queued(self, task_ids: Sequence[TaskId], /) -> Sequence[QueuedTask]:
        """Those of these tasks that the queue should hold, with the leases of running ones."""
        return await self._queued(IS_HELD_BY_QUEUE & TaskRow.id.in_(task_ids), TaskRow.id, len(task_ids))

    async def unfinished_after(self, task_id: TaskId, limit: int, /) -> Sequence[QueuedTask]:
        """Tasks behind this one that the queue should hold, in the order of their ids."""
        return await self._queued(IS_HELD_BY_QUEUE & (TaskRow.id > task_id), TaskRow.id, limit)

    async def _queued(
        self,
        condition: ColumnElement[bool],
        order: InstrumentedAttribute[str] | InstrumentedAttribute[datetime],
        limit: int,
    ) -> Sequence[QueuedTask]:
        is_current = IS_RUNNING & (AttemptRow.task_id == TaskRow.id) & (AttemptRow.fence == TaskRow.fence)
        query = (
            select(
                TaskRow.id,
                TaskRow.band,
                TaskRow.lane,
                TaskRow.conversation,
                TaskRow.accepted_at,
                TaskRow.due_at,
                _RUNS_UNTIL,
                TaskRow.cancel_requested_at,
                AttemptRow.claim_id,
            )
            .outerjoin(AttemptRow, is_current)
            .where(condition)
            .order_by(order)
            .limit(limit)
        )
        async with self._database.read() as connection:
            rows = await connection.execute(query)
            return [_as_queued(row) for row in rows]

    async def paused(self) -> Collection[str]:
        """The scopes that are paused."""
        async with self._database.read() as connection:
            return list((await connection.execute(select(PauseRow.scope))).scalars())

    async def called_off(self) -> Sequence[tuple[TaskId, Fence]]:
        """Running tasks that should stop, each with the attempt that runs."""
        should_stop = IS_RUNNING & TaskRow.cancel_requested_at.is_not(None)
        query = select(TaskRow.id, TaskRow.fence).where(should_stop)
        async with self._database.read() as connection:
            return [(TaskId(task_id), Fence(fence)) for task_id, fence in await connection.execute(query)]

    async def over(self, task_ids: Sequence[TaskId], /) -> Sequence[TaskId]:
        """Which of these tasks the queue should not hold."""
        query = select(TaskRow.id).where(TaskRow.id.in_(task_ids) & IS_HELD_BY_QUEUE)
        async with self._database.read() as connection:
            held = set((await connection.execute(query)).scalars())
        return [task_id for task_id in task_ids if task_id not in held]


def _as_queued(row: _Row) -> QueuedTask:
    task_id, band, lane, conversation, accepted_at, due_at, runs_until, cancelled_at, claim_id = row
    lease: Lease | None = None
    if runs_until is not None:
        lease = Lease(ClaimId(claim_id or ""), runs_until, cancelled_at is not None)
    return QueuedTask(TaskId(task_id), Band(band), lane, conversation, accepted_at, due_at, lease)


def _next_after(epoch: str, known: Collection[QueueEpoch]) -> str | None:
    return min((other for other in known if other > epoch), default=None)


def _first_between(gap: _Gap, source: TextClause) -> Select[str, int]:
    """The first epoch between two others of which there are tasks, and when its oldest was accepted."""
    low, high = gap
    query = select(_EPOCH, _ACCEPTED).select_from(source).where(_IS_HELD)
    if low is not None:
        query = query.where(low < _EPOCH)
    if high is not None:
        query = query.where(high > _EPOCH)
    first = query.order_by(_EPOCH, _ACCEPTED).limit(1).subquery()
    return select(first.c.queue_epoch, first.c.accepted_at)


def _mark(connection: Connection, marks: Sequence[tuple[TaskId, QueueEpoch]]) -> None:
    given: tuple[Cell | list[str], ...] = (
        (json.dumps(marks),)
        if connection.dialect.name == "sqlite"
        else ([task_id for task_id, _ in marks], [epoch for _, epoch in marks])
    )
    _ = connection.exec_driver_sql(_MARK[connection.dialect.name], given)
