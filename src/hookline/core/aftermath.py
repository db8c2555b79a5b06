"""What follows a commit without being waited for."""

from collections.abc import Callable, Sequence
from typing import Protocol

from hookline.domain.ids import TaskId
from hookline.domain.queue import QueuedTask


class Aftermath(Protocol):
    """Takes what a commit brought; never waits and never fails."""

    def take(self, queued: Sequence[QueuedTask], removed: Sequence[TaskId], /) -> None:
        """New tasks for the queue, and tasks that must leave it."""
        ...


class AfterCommit:
    """Feeds the queue, and tells the task logger that there is something to log."""

    def __init__(self, feed: Aftermath, nudge_logger: Callable[[], None]) -> None:
        """Keep both."""
        self._feed = feed
        self._nudge_logger = nudge_logger

    def take(self, queued: Sequence[QueuedTask], removed: Sequence[TaskId], /) -> None:
        """Pass it on."""
        self._feed.take(queued, removed)
        self._nudge_logger()
