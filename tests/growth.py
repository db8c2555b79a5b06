"""Tells linear work from worse by how it grows, since how long it takes depends on the machine."""

import time
from collections.abc import Callable

STEP = 4
WORST = 9
SHORTEST_SECONDS = 5.0


def assert_linear(work: Callable[[int], None], size: int) -> None:
    """Work on four times as much takes about four times as long; quadratic work would take sixteen times.

    What is over within seconds is not judged: quadratic work on a quarter of a mebibyte takes minutes.
    """
    few, many = (_seconds(work, each) for each in (size // STEP, size))
    assert many < max(WORST * few, SHORTEST_SECONDS)


def _seconds(work: Callable[[int], None], size: int) -> float:
    began = time.process_time()
    work(size)
    return time.process_time() - began
