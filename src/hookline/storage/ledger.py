"""What the queue has been told, as the database remembers it."""

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from functools import partial
from itertools import pairwise

from sqlalchemy import ColumnElement, Connection, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from hookline.domain.ids import TaskId
from hookline.domain.lifecycle import Fence
from hookline.domain.queue import QueuedTask, QueueEpoch
from hookline.storage.bulk import Cell
from hookline.storage.database import Database
from hookline.storage.life_rows import LIFE_COLUMNS, are_current, attempt_of, task_life
from hookline.storage.models import AttemptRow, PauseRow, TaskRow
from hookline.storage.states import IS_HELD_BY_QUEUE, IS_RUNNING

_MARK = {
    "sqlite": "UPDATE tasks SET queue_epoch = ? WHERE id IN (SELECT value FROM json_each(?))",
    "postgresql": (
        "UPDATE tasks SET queue_epoch = $1 WHERE id IN"
        " (SELECT id FROM tasks WHERE id = ANY($2::text[]) ORDER BY id FOR NO KEY UPDATE)"
    ),
}


class SqlQueueLedger:
    """`QueueLedger` in the tasks' own table."""

    def __init__(self, database: Database) -> None:
        """Keep the database."""
        self._database = database

    async def mark(self, task_ids: Sequence[TaskId], epoch: QueueEpoch, /) -> None:
        """Note that these tasks are in the queue of this epoch."""
        if not task_ids:
            return
        await self._database.transact(partial(_mark, task_ids=sorted(task_ids), epoch=epoch))

    async def missing(
        self, epochs: Collection[QueueEpoch], before: datetime, limit: int, /
    ) -> Sequence[QueuedTask]:
        """Tasks from before a moment that a queue of these epochs should hold and lacks; oldest first."""
        is_missing = IS_HELD_BY_QUEUE & _is_elsewhere(epochs) & (TaskRow.accepted_at < before)
        return await self._queued(is_missing, TaskRow.accepted_at, limit)

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
        query = select(TaskRow).options(LIFE_COLUMNS).where(condition).order_by(order).limit(limit)
        async with self._database.read() as connection, AsyncSession(connection) as session:
            lives = [task_life(row) for row in await session.scalars(query)]
            running = {task.id: task for task in lives if task.is_running}
            if running:
                for row in await session.scalars(select(AttemptRow).where(are_current(list(running)))):
                    running[TaskId(row.task_id)].attempts.append(attempt_of(row))
        return [queued for task in lives if (queued := task.as_queued()) is not None]

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


def _is_elsewhere(epochs: Collection[QueueEpoch]) -> ColumnElement[bool]:
    """Between the known epochs: ranges, which an index can find."""
    known = sorted(epochs)
    column = TaskRow.queue_epoch
    between = [(column > low) & (column < high) for low, high in pairwise(known)]
    return or_(column < known[0], *between, column > known[-1])


def _mark(connection: Connection, task_ids: Sequence[TaskId], epoch: QueueEpoch) -> None:
    given: Cell | list[str] = json.dumps(task_ids) if connection.dialect.name == "sqlite" else list(task_ids)
    _ = connection.exec_driver_sql(_MARK[connection.dialect.name], (epoch, given))
