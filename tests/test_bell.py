"""The bell rings for what the queue publishes, and tells of each new connection."""

import asyncio
from datetime import timedelta

import pytest

from hookline.core.leases import CallOffs
from hookline.domain.command import Band
from hookline.domain.ids import TaskId
from hookline.domain.queue import QueuedTask
from hookline.queue.bell import Patience, QueueBell
from hookline.queue.connection import open_redis
from hookline.queue.layout import CHANNEL
from hookline.queue.redis_queue import RedisTaskQueue
from servers import valkey_server
from submissions import NOW

pytestmark = pytest.mark.integration
TASK = TaskId("t1")


async def at_once(_seconds: float) -> None:
    await asyncio.to_thread(lambda: None)


async def test_who_listens_asks_again_after_each_new_connection() -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()
    call_offs = CallOffs()

    def connected() -> None:
        heard.put_nowait("connected")
        call_offs.doubt()

    with valkey_server() as server:
        bell = QueueBell(
            open_redis(server.url, timedelta(seconds=5)),
            lambda: heard.put_nowait("may claim"),
            heard.put_nowait,
            connected,
            at_once,
        )
        bell.start()
        assert [await heard.get(), await heard.get()] == ["may claim", "connected"]
        with call_offs.listening([TASK]) as told:
            server.kill()
            server.start()
            assert [await heard.get(), await heard.get()] == ["may claim", "connected"]
            assert told.is_set()
        queue = RedisTaskQueue(open_redis(server.url, timedelta(seconds=5)))
        await queue.enqueue([QueuedTask(TASK, Band.NORMAL, "lane", "", NOW)])
        await queue.call_off([TASK])
        assert [await heard.get(), await heard.get()] == ["may claim", TASK]
        await queue.close()
        await bell.stop()


async def test_a_server_that_falls_silent_is_left_for_a_new_connection() -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()
    is_left = asyncio.Event()

    async def leave(_seconds: float) -> None:
        await at_once(_seconds)
        is_left.set()

    with valkey_server() as server:
        bell = QueueBell(
            open_redis(server.url, timedelta(seconds=5)),
            lambda: heard.put_nowait("may claim"),
            heard.put_nowait,
            rest=leave,
            patience=Patience(0.01, 0.2),
        )
        bell.start()
        assert await heard.get() == "may claim"
        server.freeze()
        await is_left.wait()
        server.thaw()
        assert await heard.get() == "may claim"
        await bell.stop()


async def test_a_server_with_nothing_to_tell_is_kept() -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()
    with valkey_server() as server:
        redis = open_redis(server.url, timedelta(seconds=5))
        bell = QueueBell(
            open_redis(server.url, timedelta(seconds=5)),
            lambda: heard.put_nowait("may claim"),
            heard.put_nowait,
            patience=Patience(0.01, 60),
        )
        bell.start()
        assert await heard.get() == "may claim"
        while (await redis.info("commandstats")).get("cmdstat_ping", {"calls": 0})["calls"] < 3:
            await at_once(0)
        assert heard.empty()
        await redis.publish(CHANNEL, "")
        assert await heard.get() == "may claim"
        await bell.stop()
        await redis.aclose()
