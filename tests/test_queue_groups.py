"""The queue on servers that are several: a cluster of three nodes, and a primary that fails over."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from datetime import timedelta
from itertools import count
from typing import TypeVar
from urllib.parse import urlsplit

import pytest
from redis.asyncio import Redis, RedisCluster
from redis.crc import key_slot

from contracts.queue_contract import AGE_BOUND, QueueContract, a_claim, drained, ids, queued
from hookline.core.background import end
from hookline.core.waiting_line import WaitingLine
from hookline.domain.errors import QueueUnavailableError
from hookline.domain.ids import TaskId
from hookline.domain.queue import TaskQueue
from hookline.queue.bell import Patience, QueueBell
from hookline.queue.connection import open_line, open_redis
from hookline.queue.layout import CHANNEL, IS_ANYBODY_THERE, partition_of, partitions
from hookline.queue.redis_queue import RedisTaskQueue
from server_process import TestServer
from valkey_groups import Watched, valkey_cluster, watched_valkey

pytestmark = [pytest.mark.integration, pytest.mark.no_cover]
PATIENCE = timedelta(seconds=10)
ResultT = TypeVar("ResultT")


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
    async def listening(self, url: str, patience: Patience | None = None) -> AsyncIterator[None]:
        line, told = open_line(url, PATIENCE), lambda: self.rung.put_nowait("")
        bell = QueueBell(line, told, self._called_off, patience=patience or Patience())
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


async def test_a_node_is_left_when_no_other_can_be_asked() -> None:
    rung: asyncio.Queue[str] = asyncio.Queue()
    is_left = asyncio.Event()

    async def leave(_seconds: float) -> None:
        is_left.set()
        await asyncio.Event().wait()

    with valkey_cluster() as nodes:
        line, told = open_line(cluster_url(nodes)), lambda: rung.put_nowait("")
        bell = QueueBell(line, told, rung.put_nowait, rest=leave, patience=Patience(0.2, 60))
        bell.start()
        assert await rung.get() == ""
        for node in nodes[1:]:
            node.kill()
        await is_left.wait()
        await bell.stop()


async def test_a_node_with_nothing_to_tell_is_kept(cluster: str) -> None:
    heard = Heard()
    line = open_line(cluster, PATIENCE)
    other = line.pubsub()
    await other.subscribe(CHANNEL)
    async with heard.listening(cluster, Patience(0.01, 60)):
        asked = 0
        while asked < 3:
            told = await other.get_message(timeout=None) or {}
            asked += told["data"] == IS_ANYBODY_THERE.encode()
        assert heard.rung.empty()
    await other.aclose()
    await line.aclose()


async def test_nothing_stays_connected_after_a_node_was_lost() -> None:
    with valkey_cluster() as nodes:
        queue = RedisTaskQueue(open_redis(cluster_url(nodes), PATIENCE), partition_count=4)
        await queue.epochs()
        nodes[0].kill()
        with pytest.raises(QueueUnavailableError):
            await queue.epochs()
        await queue.close()
        for node in nodes[1:]:
            async with Redis.from_url(node.url) as asking:
                while (await asking.info("clients"))["connected_clients"] > 1:
                    await at_once(0)


@pytest.fixture
def replicated() -> Iterator[Sequence[TestServer]]:
    with valkey_cluster(replicas=1) as nodes:
        yield nodes


async def persistently(call: Callable[[], Awaitable[ResultT]]) -> ResultT:
    while True:
        with suppress(QueueUnavailableError):
            return await call()


class Waiting:
    """A worker that waits at a queue, woken by a bell whose first node is the one of partition 0."""

    def __init__(self, nodes: Sequence[TestServer]) -> None:
        self.queue = RedisTaskQueue(open_redis(cluster_url(nodes), timedelta(seconds=1)))
        self.line, self.is_connected = WaitingLine(), asyncio.Event()
        listened = open_line(cluster_url(nodes), PATIENCE)
        told = (self.line.ring, lambda _: None, self.is_connected.set)
        self.bell = QueueBell(listened, *told, rest=at_once, patience=Patience(0.1, 1))
        self.asked = 0

    @asynccontextmanager
    async def in_line(self) -> AsyncIterator[asyncio.Task[Sequence[TaskId]]]:
        self.bell.start()
        await self.is_connected.wait()
        self.is_connected.clear()
        worker = asyncio.create_task(self._first())
        try:
            yield worker
        finally:
            await end(worker)
            await self.bell.stop()
            await self.queue.close()

    async def _first(self) -> Sequence[TaskId]:
        with self.line.place() as turn:
            while True:
                turn.clear()
                taken = await persistently(lambda: self.queue.claim(a_claim()))
                self.asked += 1
                if taken.holdings:
                    return [holding.task_id for holding in taken.holdings]
                await turn.wait()

    async def has_asked(self, times: int) -> None:
        while self.asked < times:
            await at_once(0)


async def at_once(_seconds: float) -> None:
    await asyncio.to_thread(lambda: None)


@pytest.mark.parametrize("fall", [TestServer.kill, TestServer.freeze])
async def test_a_worker_is_woken_after_the_node_that_wakes_it_failed_over(
    replicated: Sequence[TestServer], fall: Callable[[TestServer], None]
) -> None:
    waiting, replica = Waiting(replicated), Redis.from_url(replicated[-1].url)
    async with waiting.in_line() as worker:
        await waiting.has_asked(1)
        fall(replicated[0])
        await replica.execute_command("CLUSTER", "FAILOVER", "TAKEOVER")
        await waiting.is_connected.wait()
        await waiting.has_asked(2)
        await persistently(lambda: waiting.queue.enqueue([queued(1)]))
        assert await worker == ids([queued(1)])
    await replica.aclose()


async def move(slot: int, source: Redis, target: Redis, others: Sequence[Redis], port: int) -> None:
    names = [await node.execute_command("CLUSTER", "MYID") for node in (source, target)]
    await target.execute_command("CLUSTER", "SETSLOT", slot, "IMPORTING", names[0])
    await source.execute_command("CLUSTER", "SETSLOT", slot, "MIGRATING", names[1])
    keys = await source.execute_command("CLUSTER", "GETKEYSINSLOT", slot, 100)
    assert keys
    await source.execute_command("MIGRATE", "127.0.0.1", port, "", 0, 5_000, "KEYS", *keys)
    for node in (target, source, *others):
        await node.execute_command("CLUSTER", "SETSLOT", slot, "NODE", names[1])


async def test_a_worker_is_woken_after_the_slot_of_its_tasks_moved(replicated: Sequence[TestServer]) -> None:
    waiting, nodes = Waiting(replicated), [Redis.from_url(node.url) for node in replicated[:3]]
    async with waiting.in_line() as worker:
        await waiting.has_asked(1)
        await waiting.queue.epochs()
        (partition,) = partitions(1)
        port = urlsplit(replicated[1].url).port or 0
        await move(key_slot(partition.records.encode()), nodes[0], nodes[1], nodes[2:], port)
        await persistently(lambda: waiting.queue.enqueue([queued(1)]))
        assert await worker == ids([queued(1)])
        assert await nodes[1].exists(partition.records)
    for node in nodes:
        await node.aclose()


@pytest.mark.parametrize("further", [[], ["RESET", "HARD"]], ids=["forgotten", "reset"])
async def test_a_worker_is_woken_after_the_node_that_wakes_it_left_the_cluster(
    replicated: Sequence[TestServer], further: Sequence[str]
) -> None:
    leaving, *staying = [Redis.from_url(node.url) for node in (replicated[-1], *replicated[:-1])]
    waiting = Waiting([replicated[-1], *replicated[:-1]])
    async with waiting.in_line() as worker:
        await waiting.has_asked(1)
        name = await leaving.execute_command("CLUSTER", "MYID")
        for node in staying:
            await node.execute_command("CLUSTER", "FORGET", name)
        if further:
            await leaving.execute_command("CLUSTER", *further)
        await waiting.is_connected.wait()
        await waiting.has_asked(2)
        await persistently(lambda: waiting.queue.enqueue([queued(1)]))
        assert await worker == ids([queued(1)])
    for node in (leaving, *staying):
        await node.aclose()


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
