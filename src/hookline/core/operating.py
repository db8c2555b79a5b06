"""What an operator does to the queue and to tasks: the database first, then the queue as far as it answers.

What the queue did not hear the relay brings: tasks, pauses, and cancels of running tasks.
"""

from collections.abc import Awaitable, Callable, Sequence

from pydantic import JsonValue

from hookline.domain.errors import QueueUnavailableError
from hookline.domain.frozen import frozen
from hookline.domain.ids import Clock, NewId, TaskId
from hookline.domain.lifecycle import LifecycleStore
from hookline.domain.pauses import Pause, PauseRegister
from hookline.domain.queue import Changed, TaskQueue
from hookline.domain.reading import AuditEntry


@frozen
class Paused:
    """The pause that holds; with `is_new` it is the one that was asked for, otherwise an earlier one."""

    pause: Pause
    is_new: bool
    has_queue_heard: bool


@frozen
class Resumed:
    """The pause that was taken back, `None` where there was none."""

    ended: Pause | None
    has_queue_heard: bool


@frozen
class Done:
    """What changed, and whether the queue knows it by now."""

    changed: Changed
    has_queue_heard: bool


class Operating:
    """Every method raises `StorageUnavailableError` when the database does not answer."""

    def __init__(
        self, pauses: PauseRegister, life: LifecycleStore, queue: TaskQueue, clock: Clock, new_id: NewId
    ) -> None:
        """Keep the parts; `clock` and `new_id` are for pauses, facts and audit entries."""
        self._pauses = pauses
        self._life = life
        self._queue = queue
        self._clock = clock
        self._new_id = new_id

    async def pause(self, scope: str, who: str, reason: str | None) -> Paused:
        """Give out nothing of a lane, or nothing at all; what runs goes on."""
        asked = Pause(scope, self._clock(), who, reason)
        holds = await self._pauses.pause(asked, self._entry("queue.paused", asked))
        heard = await _is_heard(lambda: self._queue.pause(scope))
        return Paused(holds, holds.since == asked.since and holds.paused_by == who, heard)

    async def resume(self, scope: str, who: str) -> Resumed:
        """Take back a pause; the queue is told even where the database knew of none."""
        now = Pause(scope, self._clock(), who)
        ended = await self._pauses.resume(scope, self._entry("queue.resumed", now))
        return Resumed(ended, await _is_heard(lambda: self._queue.resume(scope)))

    async def cancel(self, task_ids: Sequence[TaskId], cause: str) -> Done:
        """Cancel what no worker holds, and tell the worker to stop where one does."""
        return await self._follow(await self._life.cancel(task_ids, cause, self._clock()))

    async def redrive(self, task_ids: Sequence[TaskId], cause: str) -> Done:
        """Queue failed and dead tasks again; others stay as they are."""
        return await self._follow(await self._life.redrive(task_ids, cause, self._clock()))

    async def _follow(self, changed: Changed) -> Done:
        async def tell() -> None:
            if changed.removed:
                _ = await self._queue.remove(changed.removed)
            if changed.queued:
                _ = await self._queue.enqueue(changed.queued)
            if changed.running:
                await self._queue.call_off(changed.running)

        return Done(changed, await _is_heard(tell))

    def _entry(self, action: str, about: Pause) -> AuditEntry:
        data: dict[str, JsonValue] = {"who": about.paused_by}
        if about.reason is not None:
            data["reason"] = about.reason
        return AuditEntry(self._new_id(), about.since, action, about.scope, data)


async def _is_heard(tell: Callable[[], Awaitable[None]]) -> bool:
    try:
        await tell()
    except QueueUnavailableError:
        return False
    return True
