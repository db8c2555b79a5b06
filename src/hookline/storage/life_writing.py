"""Writes what became of tasks whose rows are locked: each change conditional, each with its facts."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeAlias

from pydantic_core import to_json
from sqlalchemy import Connection, bindparam, func, select

from hookline.core.answers import json_bytes
from hookline.core.attempt import Attempt
from hookline.core.lifecycle import TaskLife
from hookline.domain.errors import StorageUnavailableError
from hookline.domain.ids import TaskId
from hookline.storage.bulk import BulkInsert, Cell, Cells, GatheredInserts
from hookline.storage.columns import microseconds
from hookline.storage.models import TaskEventRow
from hookline.storage.rows import INSERT_EVENTS
from hookline.storage.task_changes import free_open_keys

_Named: TypeAlias = dict[str, Cell]

_UPDATE_TASKS = {
    "sqlite": (
        "UPDATE tasks SET state = :state, fence = :fence, queued_reason = :queued_reason, due_at = :due_at,"
        " finished_at = :finished_at, holder = :holder, lease_ends_at = :lease_ends_at,"
        " lost_count = :lost_count, unclaimed_count = :unclaimed_count, tries = :tries,"
        " cancel_requested_at = :cancel_requested_at, outcome = :outcome, question = :question,"
        " result = coalesce(:result, result),"
        " queue_epoch = CASE WHEN :is_pushed_anew = 1 THEN '' ELSE queue_epoch END"
        " WHERE id = :id AND state = :old_state AND fence = :old_fence"
    ),
    "postgresql": (
        "UPDATE tasks SET state = given.state, fence = given.fence, queued_reason = given.queued_reason,"
        " due_at = given.due_at, finished_at = given.finished_at, holder = given.holder,"
        " lease_ends_at = given.lease_ends_at, lost_count = given.lost_count,"
        " unclaimed_count = given.unclaimed_count, tries = given.tries,"
        " cancel_requested_at = given.cancel_requested_at, outcome = given.outcome,"
        " question = given.question, result = coalesce(given.result, tasks.result),"
        " queue_epoch = CASE WHEN given.is_pushed_anew = 1 THEN '' ELSE tasks.queue_epoch END"
        " FROM json_to_recordset($1::text::json) AS given (id text, old_state text, old_fence bigint,"
        " state text, fence bigint, queued_reason text, due_at bigint, finished_at bigint, holder text,"
        " lease_ends_at bigint, lost_count smallint, unclaimed_count smallint, tries smallint,"
        " cancel_requested_at bigint,"
        " outcome text, question text, result text, is_pushed_anew int)"
        " WHERE tasks.id = given.id AND tasks.state = given.old_state AND tasks.fence = given.old_fence"
    ),
}

_UPDATE_ATTEMPTS = {
    "sqlite": (
        "UPDATE attempts SET lease_hash = :lease_hash, tool_hash = :tool_hash, confirmed_at = :confirmed_at,"
        " ended_at = :ended_at, outcome = :outcome, digest = :digest, left_task = :left_task"
        " WHERE task_id = :task_id AND fence = :fence AND ended_at IS NULL"
    ),
    "postgresql": (
        "UPDATE attempts SET lease_hash = given.lease_hash, tool_hash = given.tool_hash,"
        " confirmed_at = given.confirmed_at, ended_at = given.ended_at, outcome = given.outcome,"
        " digest = given.digest, left_task = given.left_task"
        " FROM json_to_recordset($1::text::json) AS given (task_id text, fence bigint, lease_hash text,"
        " tool_hash text, confirmed_at bigint, ended_at bigint, outcome text, digest text, left_task text)"
        " WHERE attempts.task_id = given.task_id AND attempts.fence = given.fence"
        " AND attempts.ended_at IS NULL"
    ),
}

_INSERT_ATTEMPTS = BulkInsert(
    "attempts",
    (
        *("task_id", "fence", "worker", "claim_id", "lease_hash", "tool_hash", "started_at"),
        *("confirmed_at", "ended_at", "outcome", "digest", "left_task"),
    ),
    (
        *("text", "bigint", "text", "text", "text", "text", "bigint"),
        *("bigint", "bigint", "text", "text", "text"),
    ),
)

_LAST_SEQS = (
    select(TaskEventRow.task_id, func.max(TaskEventRow.seq))
    .where(TaskEventRow.task_id.in_(bindparam("task_ids", expanding=True)))
    .group_by(TaskEventRow.task_id)
)


class LockedTasks:
    """Tasks whose rows a transaction holds locked, and how they were when it read them."""

    def __init__(self, connection: Connection, lives: Mapping[TaskId, TaskLife]) -> None:
        """Remember how they are now."""
        self.lives = lives
        self._connection = connection
        self._tasks = {task.id: _task_cells(task) for task in lives.values()}
        self._attempts = {
            (task.id, attempt.fence): _attempt_cells(task, attempt)
            for task in lives.values()
            for attempt in task.attempts
        }

    def ended(self) -> list[timedelta]:
        """How long the attempts ran that ended since they were read."""
        attempts = [(task.id, attempt) for task in self.lives.values() for attempt in task.attempts]
        return [
            attempt.ended_at - attempt.started_at
            for task_id, attempt in attempts
            if attempt.ended_at is not None and self._was_open(task_id, attempt)
        ]

    def _was_open(self, task_id: TaskId, attempt: Attempt) -> bool:
        before = self._attempts.get((task_id, attempt.fence))
        return before is None or before["ended_at"] is None

    def write(self, now: datetime) -> None:
        """Write what became of them; those that cease to run make room for those that begin to.

        Raises:
            StorageUnavailableError: one of them is not as it was, which the lock should have prevented.
        """
        changed = [task for task in self.lives.values() if _task_cells(task) != self._tasks[task.id]]
        self._update(_UPDATE_TASKS, [self._change(task) for task in changed if not task.is_running])
        self._update(_UPDATE_TASKS, [self._change(task) for task in changed if task.is_running])
        self._update(_UPDATE_ATTEMPTS, list(self._changed_attempts()))
        free_open_keys(
            self._connection,
            [(task.id, task.open_key) for task in changed if task.is_finished and task.open_key is not None],
        )
        inserts = GatheredInserts(self._connection)
        inserts.add(_INSERT_ATTEMPTS, list(self._new_attempts()))
        inserts.add(INSERT_EVENTS, self._facts(now))
        inserts.send()

    def _change(self, task: TaskLife) -> _Named:
        before = self._tasks[task.id]
        return {**_task_cells(task), "old_state": before["state"], "old_fence": before["fence"]}

    def _update(self, texts: Mapping[str, str], changes: Sequence[_Named]) -> None:
        if not changes:
            return
        dialect = self._connection.dialect.name
        given = list(changes) if dialect == "sqlite" else (to_json(changes).decode(),)
        if self._connection.exec_driver_sql(texts[dialect], given).rowcount != len(changes):
            raise StorageUnavailableError("a row that was locked has changed")

    def _changed_attempts(self) -> Iterator[_Named]:
        for task in self.lives.values():
            for attempt in task.attempts:
                cells = _attempt_cells(task, attempt)
                if cells != self._attempts.get((task.id, attempt.fence), cells):
                    yield cells

    def _new_attempts(self) -> Iterator[Cells]:
        for task in self.lives.values():
            for attempt in task.attempts:
                if (task.id, attempt.fence) not in self._attempts:
                    cells = _attempt_cells(task, attempt)
                    made = {
                        "worker": attempt.worker,
                        "claim_id": attempt.claim_id,
                        "started_at": microseconds(attempt.started_at),
                    }
                    yield tuple((cells | made)[name] for name in _INSERT_ATTEMPTS.columns)

    def _facts(self, now: datetime) -> list[Cells]:
        telling = [task for task in self.lives.values() if task.facts]
        seqs = _last_seqs(self._connection, [task.id for task in telling])
        return [
            (
                task.id,
                seqs.get(task.id, 0) + number,
                microseconds(now),
                fact.event,
                fact.delivery_id,
                fact.fence,
                json_bytes(fact.data).decode(),
            )
            for task in telling
            for number, fact in enumerate(task.facts, 1)
        ]


def _last_seqs(connection: Connection, task_ids: Sequence[TaskId]) -> Mapping[str, int]:
    if not task_ids:
        return {}
    return {row[0]: row[1] for row in connection.execute(_LAST_SEQS, {"task_ids": task_ids})}


def _task_cells(task: TaskLife) -> _Named:
    return {
        "id": task.id,
        "state": task.state.value,
        "fence": task.fence,
        "queued_reason": task.queued_reason,
        "due_at": _at(task.due_at),
        "finished_at": _at(task.finished_at),
        "holder": task.holder,
        "lease_ends_at": _at(task.lease_ends_at),
        "lost_count": task.lost_count,
        "unclaimed_count": task.unclaimed_count,
        "tries": task.tries,
        "cancel_requested_at": _at(task.cancel_requested_at),
        "outcome": task.outcome,
        "question": task.question,
        "result": task.result,
        "is_pushed_anew": int(task.must_be_pushed),
    }


def _attempt_cells(task: TaskLife, attempt: Attempt) -> _Named:
    return {
        "task_id": task.id,
        "fence": attempt.fence,
        "lease_hash": attempt.lease_hash,
        "tool_hash": attempt.tool_hash,
        "confirmed_at": _at(attempt.confirmed_at),
        "ended_at": _at(attempt.ended_at),
        "outcome": None if attempt.outcome is None else attempt.outcome.value,
        "digest": attempt.digest,
        "left_task": None if attempt.left_task is None else attempt.left_task.value,
    }


def _at(moment: datetime | None) -> int | None:
    return None if moment is None else microseconds(moment)
