"""What the queue has been told, as the database remembers it."""

from collections.abc import Sequence

from sqlalchemy import or_, select, update

from hookline.domain.command import Band
from hookline.domain.ids import TaskId
from hookline.domain.queue import QueuedTask, QueueEpoch
from hookline.domain.task import CLAIMABLE_STATES
from hookline.storage.database import Database
from hookline.storage.models import TaskRow

_CLAIMABLE = sorted(state.value for state in CLAIMABLE_STATES)


class SqlQueueLedger:
    """`QueueLedger` in the tasks' own table."""

    def __init__(self, database: Database) -> None:
        """Keep the database."""
        self._database = database

    async def mark(self, task_ids: Sequence[TaskId], epoch: QueueEpoch, /) -> None:
        """Note that these tasks are in the queue of this epoch."""
        if not task_ids:
            return
        async with self._database.write() as connection:
            change = update(TaskRow).where(TaskRow.id.in_(sorted(task_ids))).values(queue_epoch=epoch)
            _ = await connection.execute(change)

    async def missing(self, epoch: QueueEpoch, limit: int, /) -> Sequence[QueuedTask]:
        """Claimable tasks that the queue of this epoch has not been told of, oldest first."""
        elsewhere = or_(TaskRow.queue_epoch < epoch, TaskRow.queue_epoch > epoch)
        query = (
            select(TaskRow.id, TaskRow.band, TaskRow.lane, TaskRow.accepted_at, TaskRow.fence)
            .where(TaskRow.state.in_(_CLAIMABLE) & elsewhere & TaskRow.cancel_requested_at.is_(None))
            .order_by(TaskRow.accepted_at)
            .limit(limit)
        )
        async with self._database.read() as connection:
            rows = await connection.execute(query)
            return [
                QueuedTask(TaskId(task_id), Band(band), lane, accepted_at, fence)
                for task_id, band, lane, accepted_at, fence in rows
            ]

    async def not_claimable(self, task_ids: Sequence[TaskId], /) -> Sequence[TaskId]:
        """Which of these tasks the queue should not hold."""
        query = select(TaskRow.id).where(TaskRow.id.in_(task_ids) & TaskRow.state.in_(_CLAIMABLE))
        async with self._database.read() as connection:
            claimable = set((await connection.execute(query)).scalars())
        return [task_id for task_id in task_ids if task_id not in claimable]
