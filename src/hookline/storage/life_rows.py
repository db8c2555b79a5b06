"""Tasks as their rows tell them, with the attempts that run, locked where they may change."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import ColumnElement, Connection, Select, bindparam, or_, select
from sqlalchemy.orm import Session, load_only

from hookline.core.attempt import Attempt
from hookline.core.lifecycle import TaskLife
from hookline.domain.command import Band
from hookline.domain.ids import TaskId
from hookline.domain.lifecycle import AttemptOutcome, Fence
from hookline.domain.queue import ClaimId
from hookline.domain.task import TaskState
from hookline.storage.models import AttemptRow, TaskRow
from hookline.storage.states import IS_RUNNING

LIFE_COLUMNS = load_only(
    *(TaskRow.id, TaskRow.band, TaskRow.lane, TaskRow.conversation, TaskRow.accepted_at, TaskRow.open_key),
    *(TaskRow.state, TaskRow.fence, TaskRow.queued_reason, TaskRow.due_at, TaskRow.finished_at),
    *(TaskRow.holder, TaskRow.lease_ends_at, TaskRow.lost_count, TaskRow.unclaimed_count),
    *(TaskRow.tries, TaskRow.question, TaskRow.cancel_requested_at, TaskRow.paused_at),
    *(TaskRow.outcome, TaskRow.fold_key),
    raiseload=True,
)


def _locked(which: ColumnElement[bool]) -> Select[TaskRow]:
    query = select(TaskRow).options(LIFE_COLUMNS).where(which).order_by(TaskRow.id)
    return query.with_for_update(key_share=True)


_GIVEN = TaskRow.id.in_(bindparam("task_ids", expanding=True))
_RUNNING_THERE = IS_RUNNING & TaskRow.conversation.in_(bindparam("conversations", expanding=True))
_LOCK = _locked(_GIVEN)
_LOCK_WITH_RUNNING = _locked(or_(_GIVEN, _RUNNING_THERE))
_NEWEST_ATTEMPTS = select(AttemptRow).where(
    (AttemptRow.task_id == TaskRow.id) & (AttemptRow.fence == TaskRow.fence) & _GIVEN
)


def locked_tasks(
    connection: Connection, task_ids: Iterable[TaskId], running_in: Sequence[str] = ()
) -> Mapping[TaskId, TaskLife]:
    """These tasks, and those that run in these conversations, locked in the order of their ids.

    The attempts are read after the rows are locked, since a row that was waited for may have another now.
    """
    query = _LOCK_WITH_RUNNING if running_in else _LOCK
    given = {"task_ids": sorted(set(task_ids)), "conversations": sorted(set(running_in))}
    with Session(connection) as session:
        rows = session.scalars(query, given).all()
        lives = {TaskId(row.id): task_life(row) for row in rows}
        running = [task.id for task in lives.values() if task.is_running]
        if running:
            for row in session.scalars(_NEWEST_ATTEMPTS, {"task_ids": running}):
                lives[TaskId(row.task_id)].attempts.append(attempt_of(row))
    return lives


def attempt_with_fence(connection: Connection, task_id: TaskId, fence: Fence) -> Attempt | None:
    """An attempt that may be over."""
    with Session(connection) as session:
        row = session.get(AttemptRow, (task_id, fence))
        return None if row is None else attempt_of(row)


def task_life(row: TaskRow) -> TaskLife:
    """A task without its attempts."""
    return TaskLife(
        id=TaskId(row.id),
        band=Band(row.band),
        lane=row.lane,
        conversation=row.conversation,
        accepted_at=row.accepted_at,
        open_key=row.open_key,
        state=TaskState(row.state),
        fence=Fence(row.fence),
        queued_reason=row.queued_reason,
        due_at=row.due_at,
        finished_at=row.finished_at,
        holder=row.holder,
        lease_ends_at=row.lease_ends_at,
        lost_count=row.lost_count,
        unclaimed_count=row.unclaimed_count,
        tries=row.tries,
        cancel_requested_at=row.cancel_requested_at,
        paused_at=row.paused_at,
        outcome=row.outcome,
        question=row.question,
        fold_key=row.fold_key,
    )


def attempt_of(row: AttemptRow) -> Attempt:
    """An attempt as the core knows it."""
    return Attempt(
        fence=Fence(row.fence),
        worker=row.worker,
        claim_id=ClaimId(row.claim_id),
        lease_hash=row.lease_hash,
        tool_hash=row.tool_hash,
        started_at=row.started_at,
        confirmed_at=row.confirmed_at,
        ended_at=row.ended_at,
        outcome=None if row.outcome is None else AttemptOutcome(row.outcome),
        digest=row.digest,
        left_task=None if row.left_task is None else TaskState(row.left_task),
    )
