"""What is told of a stop that takes long."""

import asyncio

from structlog.testing import capture_logs

from hookline.core.lateness import tell_if_late


async def wait_inside(event: asyncio.Event) -> None:
    await event.wait()


async def wait_outside(event: asyncio.Event) -> None:
    await wait_inside(event)


async def test_it_names_the_innermost_place_of_each_task() -> None:
    never = asyncio.Event()
    waiting = asyncio.create_task(wait_outside(never), name="hanging")
    told = asyncio.Event()
    with capture_logs() as logs:
        tell_if_late(0)
        asyncio.get_running_loop().call_later(0.01, told.set)
        await told.wait()
    waiting.cancel()
    (one,) = [line for line in logs if line["work"] == "hanging"]
    assert (one["event"], one["log_level"]) == ("stop.late", "warning")
    assert one["waits_at"].startswith("locks.py:")
