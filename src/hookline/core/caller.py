"""Whoever waits for an answer, and may hang up meanwhile."""

import asyncio


class Caller:
    """Tells that it is gone; whoever lets it wait at an event is woken by that."""

    def __init__(self) -> None:
        """It is there."""
        self.is_gone = False
        self._waits_for: asyncio.Event | None = None

    def waits_for(self, event: asyncio.Event) -> None:
        """Let this event be set when it leaves."""
        self._waits_for = event

    def leave(self) -> None:
        """It hung up: no answer will reach it."""
        self.is_gone = True
        if self._waits_for is not None:
            self._waits_for.set()
