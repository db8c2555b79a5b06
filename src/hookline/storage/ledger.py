"""What the queue has been told, as the database remembers it."""

import json
from collections.abc import Sequence
from datetime import datetime
from functools import partial

from sqlalchemy import ColumnElement, Connection, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from hookline.domain.command import Band
from hookline.domain.ids import TaskId
from hookline.domain.queue import QueuedTask, QueueEpoch
from hookline.domain.task import CLAIMABLE_STATES
from hookline.storage.bulk import Cell
from hookline.storage.database import Database
from hookline.storage.models import TaskRow

_IS_CLAIMABLE = TaskRow.state.in_(sorted(state.value for state in CLAIMABLE_STATES)) & (
    TaskRow.cancel_requested_at.is_(None)
)

_MARK = {
    "sqlite": "UPDATE tasks SET queue_epoch = ? WHERE id IN (SELECT value FROM json_each(?))",
    "postgresql": "UPDATE tasks SET queue_epoch = $1 WHERE id = ANY($2::text[])",
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

    async def missing(self, epoch: QueueEpoch, before: datetime, limit: int, /) -> Sequence[QueuedTask]:
        """Claimable tasks, accepted before a moment, that the queue of this epoch lacks; oldest first."""
        elsewhere = or_(TaskRow.queue_epoch < epoch, TaskRow.queue_epoch > epoch)
        is_missing = _IS_CLAIMABLE & elsewhere & (TaskRow.accepted_at < before)
        return await self._queued(is_missing, TaskRow.accepted_at, limit)

    async def claimable_after(self, task_id: TaskId, limit: int, /) -> Sequence[QueuedTask]:
        """Claimable tasks behind this one, in the order of their ids."""
        return await self._queued(_IS_CLAIMABLE & (TaskRow.id > task_id), TaskRow.id, limit)

    async def _queued(
        self,
        condition: ColumnElement[bool],
        order: InstrumentedAttribute[str] | InstrumentedAttribute[datetime],
        limit: int,
    ) -> Sequence[QueuedTask]:
        columns = (TaskRow.id, TaskRow.band, TaskRow.lane, TaskRow.accepted_at, TaskRow.fence)
        query = select(*columns).where(condition).order_by(order).limit(limit)
        async with self._database.read() as connection:
            rows = await connection.execute(query)
            return [
                QueuedTask(TaskId(task_id), Band(band), lane, accepted_at, fence)
                for task_id, band, lane, accepted_at, fence in rows
            ]

    async def not_claimable(self, task_ids: Sequence[TaskId], /) -> Sequence[TaskId]:
        """Which of these tasks the queue should not hold."""
        query = select(TaskRow.id).where(TaskRow.id.in_(task_ids) & _IS_CLAIMABLE)
        async with self._database.read() as connection:
            claimable = set((await connection.execute(query)).scalars())
        return [task_id for task_id in task_ids if task_id not in claimable]


def _mark(connection: Connection, task_ids: Sequence[TaskId], epoch: QueueEpoch) -> None:
    given: Cell | list[str] = json.dumps(task_ids) if connection.dialect.name == "sqlite" else list(task_ids)
    _ = connection.exec_driver_sql(_MARK[connection.dialect.name], (epoch, given))
