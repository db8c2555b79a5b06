"""What the Python programs of the contest have in common."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from time import perf_counter

import uvloop

CONCURRENCY = 10
BATCH = 500


class Countdown:
    """Tells when so many tasks were worked off, and how long it took from the first to the last."""

    def __init__(self, count: int) -> None:
        self._left = count
        self.began = 0.0
        self.is_over = asyncio.Event()

    def one(self) -> None:
        """One task runs."""
        self.began = self.began or perf_counter()
        self._left -= 1
        if self._left == 0:
            self.is_over.set()


Part = Callable[[str, int], Awaitable[float]]


def run(enqueue: Part, work: Part) -> None:
    """Do the part that the command line asks for, and print its seconds."""
    part, url, count = sys.argv[1:]
    print(uvloop.run({"enqueue": enqueue, "work": work}[part](url, int(count))))
