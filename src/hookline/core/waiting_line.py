"""Workers that wait for something to do, in the order in which they came, without asking again and again."""

import asyncio
from collections import deque
from collections.abc import Generator
from contextlib import contextmanager, suppress
from datetime import timedelta


async def set_within(event: asyncio.Event, seconds: float) -> bool:
    """Wait for an event no longer than so many seconds; tells whether it came."""
    with suppress(TimeoutError):
        async with asyncio.timeout(max(seconds, 0)):
            _ = await event.wait()
    return event.is_set()


class WaitingLine:
    """Wakes one at a time: the first in line tries; whoever finds something wakes the next.

    So a queue that rings for every push does not send a thousand idle workers to it at once.
    """

    def __init__(self) -> None:
        """Nobody waits yet."""
        self._places: deque[asyncio.Event] = deque()
        self._alarm: asyncio.TimerHandle | None = None
        self.is_closed = False

    def ring(self) -> None:
        """Let the first one try that is not trying already."""
        for place in self._places:
            if not place.is_set():
                place.set()
                return

    def ring_in(self, delay: timedelta) -> None:
        """Ring when something becomes due by itself, unless an earlier ring is set already."""
        loop = asyncio.get_running_loop()
        at = loop.time() + delay.total_seconds()
        if self._alarm is not None:
            if self._alarm.when() <= at:
                return
            self._alarm.cancel()
        self._alarm = loop.call_at(at, self._sound)

    def _sound(self) -> None:
        self._alarm = None
        self.ring()

    @contextmanager
    def place(self) -> Generator[asyncio.Event]:
        """Stand in line; the event is set when it is one's turn to try.

        Whoever leaves without having tried its turn passes it on.
        """
        mine = asyncio.Event()
        self._places.append(mine)
        try:
            yield mine
        finally:
            self._places.remove(mine)
            if mine.is_set():
                self.ring()

    def close(self) -> None:
        """Let everybody go, and ring no more: the process is about to end."""
        self.is_closed = True
        if self._alarm is not None:
            self._alarm.cancel()
        for place in self._places:
            place.set()
