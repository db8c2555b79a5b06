"""Loops behind the gateway survive what their step did not expect."""

import asyncio
from contextlib import suppress

from hookline.core.background import Loop


async def test_an_unexpected_error_is_survived() -> None:
    calls: list[int] = []
    is_done = asyncio.Event()

    async def step() -> None:
        calls.append(len(calls))
        if len(calls) == 1:
            raise ValueError("a defect")
        is_done.set()
        await asyncio.Event().wait()

    loop = Loop("test", step, rest_seconds=0)
    loop.start()
    async with asyncio.timeout(10):
        await is_done.wait()
    await loop.stop()
    assert calls == [0, 1]


async def test_stopping_cancels_the_step_and_a_second_stop_is_nothing() -> None:
    has_begun, was_cancelled = asyncio.Event(), asyncio.Event()

    async def step() -> None:
        has_begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            was_cancelled.set()

    loop = Loop("test", step)
    loop.start()
    await has_begun.wait()
    await loop.stop()
    await loop.stop()
    assert was_cancelled.is_set()


async def test_a_step_that_swallows_a_cancellation_is_stopped_all_the_same() -> None:
    has_begun = asyncio.Event()

    async def step() -> None:
        has_begun.set()
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        await asyncio.Event().wait()

    loop = Loop("test", step, again_seconds=0)
    loop.start()
    await has_begun.wait()
    async with asyncio.timeout(10):
        await loop.stop()
