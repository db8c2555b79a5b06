"""Who waits is woken in order, one at a time, and passes on what it does not use."""

import asyncio
from datetime import timedelta

from hookline.core.waiting_line import WaitingLine, set_within


async def test_a_ring_wakes_the_first_and_nobody_else() -> None:
    line = WaitingLine()
    with line.place() as first, line.place() as second:
        line.ring()
        assert (first.is_set(), second.is_set()) == (True, False)
        line.ring()
        assert second.is_set()
        line.ring()


async def test_who_leaves_without_having_tried_passes_its_turn_on() -> None:
    line = WaitingLine()
    with line.place() as second:
        with line.place():
            line.ring()
        assert second.is_set()


async def test_who_tried_in_vain_passes_nothing_on() -> None:
    line = WaitingLine()
    first = line.place()
    turn = first.__enter__()
    with line.place() as second:
        line.ring()
        turn.clear()
        first.__exit__(None, None, None)
        assert not second.is_set()


async def test_an_alarm_rings_when_something_becomes_due() -> None:
    line = WaitingLine()
    with line.place() as turn:
        line.ring_in(timedelta(hours=1))
        line.ring_in(timedelta(0))
        assert await set_within(turn, 60)
    line.close()


async def test_a_later_alarm_does_not_put_off_an_earlier_one() -> None:
    line = WaitingLine()
    with line.place() as turn:
        line.ring_in(timedelta(0))
        line.ring_in(timedelta(hours=1))
        assert await set_within(turn, 60)
    line.close()


async def test_a_closed_line_lets_everybody_go() -> None:
    line = WaitingLine()
    with line.place() as first, line.place() as second:
        line.close()
        assert line.is_closed
        assert first.is_set()
        assert second.is_set()


async def test_waiting_for_an_event_has_an_end() -> None:
    assert not await set_within(asyncio.Event(), -1)
