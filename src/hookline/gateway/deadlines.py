"""Ends what takes too long.

All bodies that are being read share one timer, since one for each, as `asyncio.timeout` has it, costs as much
as checking a signature. Ends are late by at most `TICK_SECONDS`.
"""

import asyncio
from types import TracebackType

TICK_SECONDS = 0.25


class Deadline:
    """A context that cancels the task inside of it when its time is over, as a `TimeoutError`."""

    __slots__ = ("_deadlines", "_is_over", "_task", "ends_at")

    def __init__(self, deadlines: "Deadlines", ends_at: float) -> None:
        """Keep when it ends, in the loop's time."""
        self._deadlines = deadlines
        self._is_over = False
        self._task: asyncio.Task[None] | None = None
        self.ends_at = ends_at

    def __enter__(self) -> None:
        """Begin to watch the current task."""
        self._task = asyncio.current_task()
        self._deadlines.watch(self)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Watch no longer.

        Raises:
            TimeoutError: the time was over.
        """
        self._deadlines.forget(self)
        if self._is_over and self._task is not None and kind is asyncio.CancelledError:
            is_cancelled_otherwise = self._task.uncancel() > 0
            if not is_cancelled_otherwise:
                raise TimeoutError from error

    def expire(self) -> None:
        """End what is inside."""
        if self._task is not None and not self._is_over:
            self._is_over = True
            _ = self._task.cancel()


class Deadlines:
    """Watches any number of deadlines on one loop; its timer runs only while there are any."""

    def __init__(self, tick_seconds: float = TICK_SECONDS) -> None:
        """Keep how often to look."""
        self._tick_seconds = tick_seconds
        self.watched: set[Deadline] = set()
        self.is_looking = False

    def within(self, seconds: float) -> Deadline:
        """A context that may last so many seconds."""
        return Deadline(self, asyncio.get_running_loop().time() + seconds)

    def watch(self, deadline: Deadline) -> None:
        """Look after a deadline."""
        self.watched.add(deadline)
        if not self.is_looking:
            self.is_looking = True
            self._look_later()

    def forget(self, deadline: Deadline) -> None:
        """Look after it no longer."""
        self.watched.discard(deadline)

    def _look_later(self) -> None:
        _ = asyncio.get_running_loop().call_later(self._tick_seconds, self._look)

    def _look(self) -> None:
        now = asyncio.get_running_loop().time()
        for deadline in [deadline for deadline in self.watched if deadline.ends_at <= now]:
            deadline.expire()
        self.is_looking = bool(self.watched)
        if self.is_looking:
            self._look_later()
