"""The life of tasks on SQLite and PostgreSQL: each decision is one transaction over locked rows."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection

from hookline.core.lifecycle import TaskLife
from hookline.core.task_endings import end_attempt, fit_result, refuse_unfit_times
from hookline.domain.ids import Clock, TaskId
from hookline.domain.lifecycle import (
    Beat,
    BeatAnswer,
    Finish,
    FinishAnswer,
    Finished,
    Held,
    LifeLimits,
    Lost,
    Start,
    Started,
)
from hookline.domain.queue import Changed
from hookline.storage.database import Database
from hookline.storage.life_commands import cancel_all, reap_due, redrive_all
from hookline.storage.life_rows import attempt_with_fence, locked_tasks
from hookline.storage.life_writing import LockedTasks
from hookline.storage.starting import start_all


class SqlLifecycleStore:
    """`LifecycleStore` on SQLite and PostgreSQL.

    Rows are locked in the order of their ids, as intake does, so no two transactions wait for each other.
    """

    def __init__(
        self,
        database: Database,
        limits: LifeLimits | None = None,
        attempt_ended: Callable[[timedelta], None] | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Keep the parts.

        Args:
            database: where tasks and attempts are.
            limits: how often a task may be tried and lost.
            attempt_ended: hears how long each attempt ran.
            clock: tells when a start that had to wait for the database really begins, so that no attempt
                begins before the one ended that it waited for; `None`: when it was asked for.
        """
        self._database = database
        self._limits = limits or LifeLimits()
        self._attempt_ended = attempt_ended
        self._clock = clock

    async def start(self, starts: Sequence[Start], now: datetime, /) -> Started:
        """Begin attempts of claimed tasks; see the port."""
        if not starts:
            return Started()

        def begins_at() -> datetime:
            return now if self._clock is None else max(now, self._clock())

        ended = list[timedelta]()
        work = partial(start_all, starts=starts, begins_at=begins_at, limits=self._limits, ended=ended)
        started = await self._database.transact(work)
        self._observe(ended)
        return started

    async def extend(self, beats: Sequence[Beat], lease: timedelta, now: datetime, /) -> Sequence[BeatAnswer]:
        """Extend leases that hold; see the port."""
        if not beats:
            return []
        return await self._database.transact(partial(_extend, beats=beats, lease=lease, now=now))

    async def finish(self, finish: Finish, now: datetime, /) -> FinishAnswer:
        """End an attempt; see the port.

        Raises:
            UnfitFinishError: its result or one of its times cannot be kept; nothing has changed.
            StorageUnavailableError: the database does not answer.
        """
        refuse_unfit_times(finish.ending)
        result = fit_result(finish.ending)
        ended = list[timedelta]()
        work = partial(_finish, finish=finish, result=result, now=now, limits=self._limits, ended=ended)
        answer = await self._database.transact(work)
        self._observe(ended)
        return answer

    async def reap(self, limit: int, now: datetime, /) -> Changed:
        """End attempts whose lease ran out, and wake tasks that waited too long; see the port."""
        ended = list[timedelta]()
        work = partial(reap_due, limit=limit, now=now, limits=self._limits, ended=ended)
        changed = await self._database.transact(work)
        self._observe(ended)
        return changed

    async def cancel(self, task_ids: Sequence[TaskId], cause: str, now: datetime, /) -> Changed:
        """Cancel what is not running, and ask for it where it is; see the port."""
        work = partial(cancel_all, task_ids=task_ids, cause=cause, now=now)
        return await self._database.transact(work) if task_ids else Changed()

    async def redrive(self, task_ids: Sequence[TaskId], cause: str, now: datetime, /) -> Changed:
        """Queue dead and failed tasks again; see the port."""
        work = partial(redrive_all, task_ids=task_ids, cause=cause, now=now)
        return await self._database.transact(work) if task_ids else Changed()

    def _observe(self, ended: Sequence[timedelta]) -> None:
        """Only what is committed has ended."""
        if self._attempt_ended is not None:
            for ran_for in ended:
                self._attempt_ended(ran_for)


def _extend(
    connection: Connection, beats: Sequence[Beat], lease: timedelta, now: datetime
) -> Sequence[BeatAnswer]:
    locked = LockedTasks(connection, locked_tasks(connection, [beat.task_id for beat in beats]))
    answers = [_beat(locked.lives.get(beat.task_id), beat, lease, now) for beat in beats]
    locked.write(now)
    return answers


def _beat(task: TaskLife | None, beat: Beat, lease: timedelta, now: datetime) -> BeatAnswer:
    if task is None:
        return Lost(beat.task_id, beat.fence, None, None, None)
    if not task.is_held_by(beat.fence):
        return task.lost_to(beat.fence)
    return Held(task.id, task.fence, task.extend(lease, now), task.is_to_be_cancelled)


def _finish(
    connection: Connection,
    finish: Finish,
    result: str,
    now: datetime,
    limits: LifeLimits,
    ended: list[timedelta],
) -> FinishAnswer:
    locked = LockedTasks(connection, locked_tasks(connection, [finish.task_id]))
    task = locked.lives.get(finish.task_id)
    if task is None:
        return Lost(finish.task_id, finish.fence, None, None, None)
    if not task.is_held_by(finish.fence):
        return _answer_again(connection, task, finish)
    end_attempt(task, finish, result, now, limits)
    ended += locked.ended()
    locked.write(now)
    return Finished(task.id, task.state, task.as_queued())


def _answer_again(connection: Connection, task: TaskLife, finish: Finish) -> FinishAnswer:
    attempt = attempt_with_fence(connection, task.id, finish.fence)
    if attempt is None or attempt.left_task is None or attempt.digest != finish.digest:
        return task.lost_to(finish.fence)
    return Finished(task.id, attempt.left_task, task.as_queued())
