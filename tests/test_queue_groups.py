"""The queue on servers that are several: a cluster of three nodes, and a primary that fails over."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from itertools import count

import pytest
from redis.asyncio import Redis, RedisCluster

from contracts.queue_contract import AGE_BOUND, QueueContract, drained, ids, queued
from hookline.domain.errors import QueueUnavailableError
from hookline.domain.ids import TaskId
from hookline.domain.queue import TaskQueue
from hookline.queue.bell import QueueBell
from hookline.queue.connection import open_line, open_redis
from hookline.queue.layout import partition_of
from hookline.queue.redis_queue import RedisTaskQueue
from server_process import TestServer
from valkey_groups import Watched, valkey_cluster, watched_valkey

pytestmark = pytest.mark.integration
PATIENCE = timedelta(seconds=10)


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    with valkey_cluster() as nodes:
        yield cluster_url(nodes)


def cluster_url(nodes: Sequence[TestServer]) -> str:
    return "redis+cluster://" + ",".join(node.url.removeprefix("redis://") for node in nodes)


class Heard:
    """What a bell told."""

    def __init__(self) -> None:
        self.rung: asyncio.Queue[str] = asyncio.Queue()

    @asynccontextmanager
    async def listening(self, url: str) -> AsyncIterator[None]:
        bell = QueueBell(open_line(url, PATIENCE), lambda: self.rung.put_nowait(""), self._called_off)
        bell.start()
        try:
            assert await self.rung.get() == ""
            yield
        finally:
            await bell.stop()

    def _called_off(self, task_id: TaskId) -> None:
        self.rung.put_nowait(task_id)


@pytest.mark.parametrize("partition_count", [1, 4, 16], scope="class")
class TestOnACluster(QueueContract):
    @pytest.fixture(autouse=True)
    def _server(self, cluster: str, partition_count: int) -> None:
        self.url, self.partition_count = cluster, partition_count

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[TaskQueue]:
        redis = open_redis(self.url, PATIENCE)
        queue = RedisTaskQueue(redis, age_bound=AGE_BOUND, partition_count=self.partition_count)
        try:
            assert isinstance(redis, RedisCluster)
            await redis.flushall()
            yield queue
        finally:
            await queue.close()

    def opened(self) -> AbstractAsyncContextManager[TaskQueue]:
        return self._opened()

    async def wipe(self, queue: TaskQueue) -> None:
        assert isinstance(queue, RedisTaskQueue)
        await queue._redis.flushall()

    def beside(self, lane: str) -> str:
        place = partition_of(lane, self.partition_count)
        names = (f"{lane} {number}" for number in count())
        return next(name for name in names if partition_of(name, self.partition_count) == place)

    async def test_one_bell_hears_of_every_partition(self, queue: TaskQueue) -> None:
        heard = Heard()
        async with heard.listening(self.url):
            for number in range(8):
                await queue.enqueue([queued(number, lane=f"lane {number}")])
                assert await heard.rung.get() == ""
            await queue.call_off([queued(1).task_id])
            assert await heard.rung.get() == queued(1).task_id


@pytest.fixture
def watched() -> Iterator[Watched]:
    with watched_valkey() as servers:
        yield servers


async def test_after_a_failover_the_queue_goes_on_in_another_epoch(watched: Watched) -> None:
    redis, sentinel = open_redis(watched.url, PATIENCE), open_redis(watched.sentinel.url, PATIENCE)
    assert isinstance(redis, Redis)
    assert isinstance(sentinel, Redis)
    queue, line = RedisTaskQueue(redis), sentinel.pubsub()
    await queue.enqueue([queued(1)])
    before = await queue.epochs()
    assert await redis.wait(1, 10_000) == 1
    await line.subscribe("+switch-master")
    assert (await line.get_message(timeout=None) or {})["type"] == "subscribe"
    watched.primary.kill()
    with pytest.raises(QueueUnavailableError):
        await queue.enqueue([queued(2)])
    assert (await line.get_message(timeout=None) or {})["type"] == "message"
    heard = Heard()
    async with heard.listening(watched.url):
        await queue.enqueue([queued(2)])
        assert await heard.rung.get() == ""
    assert not before & await queue.epochs()
    assert await drained(queue) == ids([queued(1), queued(2)])
    await queue.close()
    await line.aclose()
    await sentinel.aclose()
