"""Deadlines that share one timer: what takes too long ends, and nothing else does."""

import asyncio

import pytest

from hookline.gateway.deadlines import Deadlines

OVERDUE = -1.0
LONG = 60.0


async def within(deadlines: Deadlines, seconds: float, begun: asyncio.Event) -> None:
    with deadlines.within(seconds):
        begun.set()
        await asyncio.Event().wait()


async def test_what_takes_too_long_ends_as_a_timeout_and_what_has_time_goes_on() -> None:
    deadlines, begun = Deadlines(tick_seconds=0), [asyncio.Event() for _ in range(2)]
    patient = asyncio.create_task(within(deadlines, LONG, begun[0]))
    hasty = asyncio.create_task(within(deadlines, OVERDUE, begun[1]))
    for event in begun:
        await event.wait()
    with pytest.raises(TimeoutError):
        await hasty
    assert not patient.done()
    patient.cancel()
    with pytest.raises(asyncio.CancelledError):
        await patient


async def test_who_is_cancelled_by_somebody_else_too_is_not_timed_out() -> None:
    deadlines, begun = Deadlines(tick_seconds=LONG), asyncio.Event()
    task = asyncio.create_task(within(deadlines, LONG, begun))
    await begun.wait()
    for deadline in deadlines.watched:
        deadline.expire()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert task.cancelled()


async def test_an_error_inside_stays_what_it_is_and_nobody_is_watched_afterwards() -> None:
    deadlines = Deadlines(tick_seconds=0)
    with pytest.raises(ValueError, match="inside"), deadlines.within(LONG):
        raise ValueError("inside")
    with deadlines.within(OVERDUE):
        pass
    assert not deadlines.watched
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_looking_stops_without_deadlines_and_begins_again() -> None:
    deadlines = Deadlines(tick_seconds=0)
    for _ in range(2):
        begun = asyncio.Event()
        with pytest.raises(TimeoutError):
            await within(deadlines, OVERDUE, begun)
        for _ in range(3):
            await asyncio.sleep(0)
        assert not deadlines.is_looking
