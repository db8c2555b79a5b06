"""Changes that time or an operator makes to many tasks at once."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from hookline.core.lifecycle import REDRIVABLE_STATES, TaskLife
from hookline.domain.ids import DeliveryId, TaskId
from hookline.domain.lifecycle import LifeLimits
from hookline.domain.queue import Changed, QueuedTask
from hookline.domain.task import TaskState
from hookline.storage.columns import microseconds
from hookline.storage.life_rows import locked_tasks
from hookline.storage.life_writing import LockedTasks
from hookline.storage.models import TaskRow
from hookline.storage.rows import INSERT_KEYS
from hookline.storage.states import IS_RUNNING, IS_WAITING
from hookline.storage.task_changes import free_open_keys


def reap_due(
    connection: Connection, limit: int, now: datetime, limits: LifeLimits, ended: list[timedelta]
) -> Changed:
    """End what ran out and wake what waited too long; what changed while it was waited for stays as it is."""
    locked = LockedTasks(connection, locked_tasks(connection, _due(connection, limit, now)))
    changed: list[TaskLife] = []
    for task in locked.lives.values():
        if task.has_run_out(now):
            task.lose(now, limits)
            changed.append(task)
        elif task.state is TaskState.WAITING and not task.is_due_after(now):
            task.wake()
            changed.append(task)
    ended += locked.ended()
    locked.write(now)
    return _as_changed(changed)


def cancel_all(connection: Connection, task_ids: Sequence[TaskId], cause: str, now: datetime) -> Changed:
    """End what no worker holds, and ask for it where one does."""
    locked = LockedTasks(connection, locked_tasks(connection, task_ids))
    meant = [task for task in locked.lives.values() if not task.is_finished]
    for task in meant:
        if task.is_running:
            task.request_cancel(cause, now)
        else:
            task.cancel(cause, now)
    locked.write(now)
    return _as_changed(meant)


def redrive_all(
    connection: Connection,
    task_ids: Sequence[TaskId],
    cause: str,
    now: datetime,
    delivery_id: DeliveryId | None = None,
) -> Changed:
    """Queue again what was given up; where nobody took its open key since, it holds it again.

    Keys come before rows, as they do in intake.
    """
    if not task_ids:
        return Changed()
    _take_open_keys(connection, task_ids, now)
    locked = LockedTasks(connection, locked_tasks(connection, task_ids))
    changed = [task for task in locked.lives.values() if task.state in REDRIVABLE_STATES]
    for task in changed:
        task.redrive(cause, delivery_id)
    locked.write(now)
    finished = [task for task in locked.lives.values() if task.is_finished]
    free_open_keys(connection, [(task.id, task.open_key) for task in finished if task.open_key is not None])
    return _as_changed(changed)


def _take_open_keys(connection: Connection, task_ids: Sequence[TaskId], now: datetime) -> None:
    is_meant = TaskRow.id.in_(sorted(task_ids)) & TaskRow.open_key.is_not(None)
    query = select(TaskRow.open_key, TaskRow.delivery_id, TaskRow.id).where(is_meant)
    rows = sorted(
        (key, delivery_id, task_id, microseconds(now))
        for key, delivery_id, task_id in connection.execute(query)
        if key is not None
    )
    _ = INSERT_KEYS.run(connection, rows)


def _due(connection: Connection, limit: int, now: datetime) -> list[TaskId]:
    ways = ((IS_RUNNING, TaskRow.lease_ends_at), (IS_WAITING, TaskRow.due_at))
    found: list[tuple[datetime, TaskId]] = []
    for is_in_state, ends_at in ways:
        query = (
            select(ends_at, TaskRow.id).where(is_in_state & (ends_at <= now)).order_by(ends_at).limit(limit)
        )
        found += [(at, TaskId(task_id)) for at, task_id in connection.execute(query) if at is not None]
    return [task_id for _, task_id in sorted(found)[:limit]]


def _as_changed(tasks: Iterable[TaskLife]) -> Changed:
    queued: list[QueuedTask] = []
    removed: list[TaskId] = []
    running: list[TaskId] = []
    for task in tasks:
        if task.is_running:
            running.append(task.id)
        elif (again := task.as_queued()) is not None:
            queued.append(again)
        else:
            removed.append(task.id)
    return Changed(tuple(queued), tuple(removed), tuple(running))
