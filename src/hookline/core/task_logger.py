"""Projects stored lifecycle facts into the task log files, in the background and behind intake."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

import structlog
from structlog.typing import FilteringBoundLogger

from hookline.core.background import end
from hookline.core.task_log_files import Appended, TaskLogFiles
from hookline.domain.errors import HooklineError
from hookline.domain.ids import Clock, TaskId
from hookline.domain.log import LoggedTask, LogSource

_log = cast(FilteringBoundLogger, structlog.get_logger())


@dataclass(frozen=True, slots=True)
class LoggerPace:
    """How much the logger does at once, and how long it rests.

    `batch` and `busy_batch` count tasks. `gather` lets a batch gather after a nudge; `poll` is the rest
    without one, and between two batches while intake is busy. After a failure it rests from `poll` up to
    `longest_rest`; a single task that cannot be written is left aside for `aside`. `stopping` is how long the
    batch under way may take at the end.
    """

    batch: int = 200
    busy_batch: int = 20
    gather: timedelta = timedelta(milliseconds=100)
    poll: timedelta = timedelta(seconds=1)
    longest_rest: timedelta = timedelta(minutes=1)
    aside: timedelta = timedelta(minutes=1)
    stopping: timedelta = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Projected:
    """How many tasks were brought up to date in their files, and how many could not be."""

    written: int = 0
    failed: int = 0


class TaskLogger:
    """One at a time per installation.

    A crash at any moment loses nothing and doubles nothing: facts stay unlogged until they are in the file,
    and a file's last line tells which facts it has.
    """

    def __init__(
        self,
        source: LogSource,
        files: TaskLogFiles,
        holds_duty: Callable[[], Awaitable[bool]],
        is_busy: Callable[[], bool],
        clock: Clock,
        pace: LoggerPace | None = None,
    ) -> None:
        """Keep the parts; nothing runs before `start`.

        Args:
            source: the stored facts.
            files: where they go.
            holds_duty: whether it is this process's turn to write; asked before each batch.
            is_busy: whether intake needs the machine more.
            clock: tells when a task that was left aside is tried again.
            pace: how much and how often.
        """
        self._source = source
        self._files = files
        self._holds_duty = holds_duty
        self._is_busy = is_busy
        self._clock = clock
        self._pace = pace or LoggerPace()
        self._aside: dict[TaskId, datetime] = {}
        self._failures = 0
        self._is_nudged = asyncio.Event()
        self._is_stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start working on the running loop."""
        self._is_stopping.clear()
        self._task = asyncio.create_task(self._work_forever())

    async def stop(self) -> None:
        """Stop after the batch under way."""
        if self._task is None:
            return
        self._is_stopping.set()
        self._is_nudged.set()
        _ = await asyncio.wait({self._task}, timeout=self._pace.stopping.total_seconds())
        await end(self._task)

    def nudge(self) -> None:
        """Tell that facts were stored; never waits."""
        self._is_nudged.set()

    async def project_once(self) -> Projected:
        """Bring one batch to the files.

        Raises:
            StorageUnavailableError: the database does not answer; nothing is lost.
        """
        if not await self._holds_duty():
            return Projected()
        tasks = await self._next_tasks()
        if not tasks:
            return Projected()
        appended = await asyncio.to_thread(self._files.append, tasks)
        if appended.behind:
            await self._complete(appended)
        await self._source.mark_logged(
            [(task.id, fact.seq) for task in appended.written for fact in task.facts]
        )
        self._leave_aside(appended)
        return Projected(len(appended.written), len(appended.failed))

    async def _next_tasks(self) -> Sequence[LoggedTask]:
        now = self._clock()
        self._aside = {task_id: until for task_id, until in self._aside.items() if until > now}
        limit = self._pace.busy_batch if self._is_busy() else self._pace.batch
        found = await self._source.unlogged(limit + len(self._aside))
        return [task for task in found if task.id not in self._aside][:limit]

    async def _complete(self, appended: Appended) -> None:
        behind, appended.behind = appended.behind, []
        whole = [await self._source.whole(task.id) for task in behind]
        again = await asyncio.to_thread(self._files.append, [task for task in whole if task is not None])
        written = {task.id for task in again.written}
        appended.written += [task for task in behind if task.id in written]
        missing = {task.id: "facts of its story are missing" for task in behind if task.id not in written}
        appended.failed |= missing | again.failed

    def _leave_aside(self, appended: Appended) -> None:
        if not appended.failed:
            return
        task_id, why = next(iter(appended.failed.items()))
        if appended.written:
            until = self._clock() + self._pace.aside
            self._aside.update(dict.fromkeys(appended.failed, until))
        if appended.written or not self._failures:
            folder = str(self._files.folder)
            _log.warning(
                "task_log.unwritable", folder=folder, tasks=len(appended.failed), task_id=task_id, why=why
            )

    async def _work_forever(self) -> None:
        while not self._is_stopping.is_set():
            await self._rest_after(await self._attempt())

    async def _attempt(self) -> Projected | None:
        try:
            projected = await self.project_once()
        except HooklineError as error:
            if not self._failures:
                _log.warning("task_log.failed", why=str(error))
            projected = None
        if projected is None or (projected.failed and not projected.written):
            self._failures += 1
            return None
        if self._failures:
            _log.info("task_log.recovered", attempts=self._failures)
        self._failures = 0
        return projected

    async def _rest_after(self, projected: Projected | None) -> None:
        if projected is None:
            longer = self._pace.poll * (1 << min(self._failures - 1, 20))
            await _wait(self._is_stopping, min(longer, self._pace.longest_rest))
        elif self._is_busy():
            await _wait(self._is_stopping, self._pace.poll)
        elif projected.written < self._pace.batch:
            await _wait(self._is_nudged, self._pace.poll)
            self._is_nudged.clear()
            await _wait(self._is_stopping, self._pace.gather)


async def _wait(event: asyncio.Event, at_most: timedelta) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(at_most.total_seconds()):
            _ = await event.wait()
