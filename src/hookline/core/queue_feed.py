"""Takes committed tasks to the queue without anybody waiting; what is lost on the way the relay brings.

A few tasks go at once. Where many come, the next ones gather for a moment, since a push of one costs as
much as a push of a hundred.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from hookline.core.background import Loop
from hookline.domain.errors import HooklineError, QueueUnavailableError
from hookline.domain.ids import TaskId
from hookline.domain.intake import QueueLedger
from hookline.domain.queue import Changed, QueuedTask, QueueEpoch, TaskQueue

PUSH_AT_ONCE = 1_000
PRESSED_PUSH = 16
GATHER_SECONDS = 0.05
AGAIN_SECONDS = 1.0
WAITING_LIMIT = 20_000
MARK_AFTER_SECONDS = 1.0
MARKS_AT_ONCE = 2_000


class QueueFeed:
    """A bounded hand-over: beyond the bound tasks are left to the relay, which finds them in the database."""

    def __init__(
        self,
        queue: TaskQueue,
        ledger: QueueLedger,
        rest: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Keep the queue, the ledger that remembers what it was told, and how to pause for seconds."""
        self._queue = queue
        self._ledger = ledger
        self._rest = rest
        self._queued: list[QueuedTask] = []
        self._removed: list[TaskId] = []
        self._called_off: list[TaskId] = []
        self._has_failed_to_remove = False
        self._marks: dict[QueueEpoch, list[TaskId]] = {}
        self._is_work = asyncio.Event()
        self._is_pushed = asyncio.Event()
        self._loops = (Loop("queue-push", self._push_next), Loop("queue-mark", self._mark_next))

    def start(self) -> None:
        """Start pushing on the running loop."""
        for loop in self._loops:
            loop.start()

    async def stop(self) -> None:
        """Push and mark what is there, as far as the servers answer, and stop."""
        for loop in self._loops:
            await loop.stop()
        with suppress(HooklineError):
            await self._push()
            await self._mark()

    def take(self, changed: Changed, /) -> None:
        """Accept what a commit brought; never waits and never fails."""
        if changed.removed and self._queued:
            gone = set(changed.removed)
            self._queued = [task for task in self._queued if task.task_id not in gone]
        if len(self._queued) < WAITING_LIMIT:
            self._queued.extend(changed.queued)
        self._removed.extend(changed.removed)
        self._called_off.extend(changed.running)
        if changed.queued or changed.removed or changed.running:
            self._is_work.set()

    async def _push_next(self) -> None:
        _ = await self._is_work.wait()
        self._is_work.clear()
        is_pressed = len(self._queued) >= PRESSED_PUSH
        try:
            await self._push()
        except QueueUnavailableError:
            await self._rest(AGAIN_SECONDS)
            if self._removed or self._called_off:
                self._is_work.set()
        else:
            if is_pressed:
                await self._rest(GATHER_SECONDS)

    async def _push(self) -> None:
        queued, self._queued = self._queued, []
        removed, self._removed = self._removed, []
        if removed:
            await self._remove(removed)
        if self._called_off:
            await self._call_off()
        for start in range(0, len(queued), PUSH_AT_ONCE):
            part = queued[start : start + PUSH_AT_ONCE]
            epochs = await self._queue.enqueue(part)
            for task, epoch in zip(part, epochs, strict=True):
                self._marks.setdefault(epoch, []).append(task.task_id)
        if self._marks:
            self._is_pushed.set()

    async def _call_off(self) -> None:
        """Those that the queue did not hear of are told again, at most so many."""
        called_off = self._called_off[-WAITING_LIMIT:]
        self._called_off = called_off
        await self._queue.call_off(called_off)
        self._called_off = self._called_off[len(called_off) :]

    async def _remove(self, removed: Sequence[TaskId]) -> None:
        """Those that the queue did not hear of are tried again, unless they have come back meanwhile."""
        try:
            if self._has_failed_to_remove:
                wanted = {task.task_id for task in await self._ledger.as_queued(removed)}
                removed = [task_id for task_id in removed if task_id not in wanted]
            _ = await self._queue.remove(removed)
        except HooklineError as error:
            self._has_failed_to_remove = True
            self._removed = [*removed[-WAITING_LIMIT:], *self._removed]
            raise QueueUnavailableError(str(error)) from None
        self._has_failed_to_remove = False

    async def _mark_next(self) -> None:
        _ = await self._is_pushed.wait()
        self._is_pushed.clear()
        await self._rest(MARK_AFTER_SECONDS)
        with suppress(HooklineError):
            await self._mark()

    async def _mark(self) -> None:
        marks, self._marks = self._marks, {}
        for epoch, task_ids in marks.items():
            for start in range(0, len(task_ids), MARKS_AT_ONCE):
                await self._ledger.mark(task_ids[start : start + MARKS_AT_ONCE], epoch)
