"""Conditions on a task's state, written out so that the planner knows which partial index they match."""

from sqlalchemy import ColumnElement, and_, literal_column, or_

from hookline.domain.task import TaskState
from hookline.storage.models import TaskRow


def is_in(*states: TaskState) -> ColumnElement[bool]:
    """Whether a task is in one of these states."""
    return TaskRow.state.in_([_literal(state) for state in states])


def _literal(state: TaskState) -> ColumnElement[str]:
    return literal_column(f"'{state.value}'")


IS_RUNNING: ColumnElement[bool] = TaskRow.state == _literal(TaskState.RUNNING)
IS_WAITING: ColumnElement[bool] = TaskRow.state == _literal(TaskState.WAITING)
IS_HELD_BY_QUEUE: ColumnElement[bool] = and_(
    is_in(TaskState.QUEUED, TaskState.SCHEDULED, TaskState.RUNNING),
    or_(IS_RUNNING, TaskRow.cancel_requested_at.is_(None)),
)
