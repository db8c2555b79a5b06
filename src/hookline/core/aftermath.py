"""What follows a commit without being waited for."""

from collections.abc import Callable
from typing import Protocol

from hookline.domain.queue import Changed


class Aftermath(Protocol):
    """Takes what a commit brought; never waits and never fails."""

    def take(self, changed: Changed, /) -> None:
        """What the queue has to be told."""
        ...


class AfterCommit:
    """Feeds the queue, and tells the task logger that there is something to log."""

    def __init__(self, feed: Aftermath, nudge_logger: Callable[[], None]) -> None:
        """Keep both."""
        self._feed = feed
        self._nudge_logger = nudge_logger

    def take(self, changed: Changed, /) -> None:
        """Pass it on."""
        self._feed.take(changed)
        self._nudge_logger()
