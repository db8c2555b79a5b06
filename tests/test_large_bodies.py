"""Verified large bodies wait for their turn, and not without bound."""

import asyncio

import pytest

from hookline.domain.errors import OverloadedError
from hookline.gateway.large_bodies import LargeBodies


async def test_one_at_a_time_and_beyond_the_bound_come_again() -> None:
    bodies, go_on = LargeBodies(most_bytes=100), asyncio.Event()
    under_way: list[int] = []
    most: list[int] = []

    async def understand(size: int) -> None:
        async with bodies.turn("github", size):
            under_way.append(size)
            most.append(len(under_way))
            await go_on.wait()
            under_way.remove(size)

    first, second = (asyncio.create_task(understand(50)) for _ in range(2))
    await asyncio.sleep(0)
    with pytest.raises(OverloadedError) as caught:
        await understand(1)
    assert caught.value.status == 503
    go_on.set()
    await asyncio.gather(first, second)
    assert most == [1, 1]
    await understand(100)


async def test_one_that_is_larger_than_the_bound_gets_its_turn_alone() -> None:
    bodies = LargeBodies(most_bytes=10)
    async with bodies.turn("github", 25):
        with pytest.raises(OverloadedError):
            await bodies.turn("github", 1).__aenter__()
    async with bodies.turn("github", 25):
        pass


async def test_who_gives_up_waiting_leaves_no_bytes_behind() -> None:
    bodies = LargeBodies(most_bytes=10)
    async with bodies.turn("github", 5):
        waiting = asyncio.create_task(bodies.turn("github", 5).__aenter__())
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    async with bodies.turn("github", 10):
        pass
