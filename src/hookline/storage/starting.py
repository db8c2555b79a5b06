"""Begins attempts: what each claim of a batch is answered, decided under the locks of its conversations."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime, timedelta

from pydantic import TypeAdapter
from sqlalchemy import Connection, select

from hookline.core.lifecycle import TaskLife
from hookline.domain.ids import Clock, TaskId
from hookline.domain.lifecycle import Defer, LifeLimits, Over, Parked, Run, Start, StartAnswer, Started
from hookline.storage.briefs import briefs_of
from hookline.storage.life_rows import locked_tasks
from hookline.storage.life_writing import LockedTasks
from hookline.storage.lookups import as_array, conversations_in_turn, is_one_of
from hookline.storage.models import PauseRow
from hookline.storage.words import Fold, add_folded

WHOLE_QUEUE = "*"
_PAUSED = select(PauseRow.scope)
_FOLDABLE = {
    "sqlite": (
        "SELECT id FROM tasks INDEXED BY ix_tasks_conversation_id_foldable"
        " WHERE state = 'queued' AND fold_key IS NOT NULL"
    ),
    "postgresql": "SELECT id FROM tasks WHERE state = 'queued' AND fold_key IS NOT NULL",
}
_TASK_IDS: TypeAdapter[list[TaskId]] = TypeAdapter(list[TaskId])


def start_all(
    connection: Connection,
    starts: Sequence[Start],
    begins_at: Clock,
    limits: LifeLimits,
    ended: list[timedelta],
) -> Started:
    """Answer each claim in its turn, and write what became of the tasks; `ended` takes times of attempts.

    The time is asked for once the rows are locked: whoever held them until then has ended before it.
    """
    task_ids = [start.task_id for start in starts]
    conversations = conversations_in_turn(connection, task_ids)
    foldable = _foldable(connection, conversations, (limits.most_folded + 1) * len(starts))
    lives = locked_tasks(connection, [*task_ids, *foldable], conversations)
    locked = LockedTasks(connection, lives)
    now = begins_at()
    paused = set(connection.execute(_PAUSED).scalars())
    desk = _StartDesk(locked.lives, paused, now, limits)
    answers = tuple(desk.answer(start) for start in starts)
    ended += locked.ended()
    locked.write(now)
    add_folded(connection, desk.folds)
    running = [answer.task_id for answer in answers if isinstance(answer, Run)]
    return Started(answers, briefs_of(connection, running))


def _foldable(connection: Connection, conversations: Sequence[str], most: int) -> Sequence[TaskId]:
    """The oldest that wait and may be folded; those that start may be among them."""
    ways = _FOLDABLE[connection.dialect.name]
    given = as_array(connection, conversations)
    text = f"{ways} AND {is_one_of(connection, 'conversation')} ORDER BY id LIMIT {most:d}"
    return _TASK_IDS.validate_python([row[0] for row in connection.exec_driver_sql(text, given)])


class _StartDesk:
    def __init__(
        self,
        lives: Mapping[TaskId, TaskLife],
        paused: AbstractSet[str],
        now: datetime,
        limits: LifeLimits,
    ) -> None:
        self._lives = lives
        self._paused = paused
        self._now = now
        self._limits = limits
        self.folds: list[Fold] = []

    def answer(self, start: Start) -> StartAnswer:
        task = self._lives.get(start.task_id)
        if task is None:
            return Over(start.task_id, None)
        if task.attempt is not None and task.attempt.is_of(start):
            return task.resume(start, task.attempt, self._now)
        if task.has_run_out(self._now):
            task.lose(self._now, self._limits)
        if not task.is_claimable:
            return Over(task.id, task.state)
        return self._claim(task, start)

    def _claim(self, task: TaskLife, start: Start) -> StartAnswer:
        if task.is_to_be_cancelled:
            task.cancel("asked", self._now)
            return Over(task.id, task.state)
        if task.due_at is not None and task.is_due_after(self._now):
            return Defer(task.id, task.due_at)
        if self._is_paused(task):
            return Defer(task.id, self._now + self._limits.paused_for)
        behind = self._one_that_runs(task.conversation)
        if behind is not None and behind.has_run_out(self._now):
            behind.lose(self._now, self._limits)
        elif behind is not None:
            task.park(behind.id)
            return Parked(task.id, behind.as_running())
        folded = self._absorb(task)
        return replace(task.begin(start, self._now), folded=folded)

    def _absorb(self, task: TaskLife) -> tuple[TaskId, ...]:
        alike = [other for other in self._lives.values() if other.conversation == task.conversation]
        meant = [other for other in alike if task.may_absorb(other)][: self._limits.most_folded]
        for other in meant:
            task.absorb(other, self._now)
            self.folds.append(Fold(other.id, task.id, task.fence))
        return tuple(other.id for other in meant)

    def _is_paused(self, task: TaskLife) -> bool:
        return task.paused_at is not None or not self._paused.isdisjoint({WHOLE_QUEUE, task.lane})

    def _one_that_runs(self, conversation: str) -> TaskLife | None:
        running = (task for task in self._lives.values() if task.is_running)
        return next((task for task in running if task.conversation == conversation), None)
