"""The queue on Redis: the contract on fakeredis and on a real Valkey, failures, and the guard around it."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta

import fakeredis
import pytest
import stamina
from redis.asyncio import Redis
from redis.crc import key_slot

from contracts.queue_contract import AGE_BOUND, QueueContract, a_claim, drained, ids, queued
from hookline.core.circuit_breaker import CircuitBreaker, CircuitPolicy, CircuitState
from hookline.core.retry import Retrier, RetryBudget, RetryPolicy
from hookline.domain.command import Band
from hookline.domain.errors import CircuitOpenError, ConfigurationError, QueueUnavailableError
from hookline.domain.queue import EVERY_LANE, Holding, QueuedTask, QueueEpoch, Settlement, TaskQueue
from hookline.queue.connection import open_redis
from hookline.queue.guarded import GuardedTaskQueue, speaks_against_the_queue
from hookline.queue.redis_queue import BATCH, RedisTaskQueue
from server_process import TestServer
from servers import valkey_server

SOON = timedelta(seconds=0.1)


@asynccontextmanager
async def queue_on(redis: Redis) -> AsyncIterator[TaskQueue]:
    queue = RedisTaskQueue(redis, age_bound=AGE_BOUND)
    try:
        await redis.flushall()
        yield queue
    finally:
        await queue.close()


async def wipe(queue: TaskQueue) -> None:
    assert isinstance(queue, RedisTaskQueue)
    await queue._redis.flushall()


async def settle_at_once(queue: TaskQueue, held: Sequence[Holding]) -> Sequence[Holding]:
    """End leases in one run, and claim as many; tells what came."""
    settling = [queue.settle(Settlement(one, is_over=True), a_claim()) for one in held]
    taken = [one for settled in await asyncio.gather(*settling) for one in settled.taken.holdings]
    assert len(taken) == len(held)
    return taken


class TestOnFakeRedis(QueueContract):
    def opened(self) -> AbstractAsyncContextManager[TaskQueue]:
        return queue_on(fakeredis.FakeAsyncRedis())

    async def wipe(self, queue: TaskQueue) -> None:
        await wipe(queue)


@pytest.mark.integration
class TestOnValkey(QueueContract):
    @pytest.fixture(autouse=True)
    def _server(self, valkey: TestServer) -> None:
        self.url = valkey.url

    def opened(self) -> AbstractAsyncContextManager[TaskQueue]:
        return queue_on(open_redis(self.url))

    async def wipe(self, queue: TaskQueue) -> None:
        await wipe(queue)

    async def test_it_leaves_nothing_behind(self, queue: TaskQueue) -> None:
        tasks = [queued(number) for number in range(20)]
        await queue.enqueue(tasks)
        await queue.remove(ids(tasks))
        (left,) = await queue._redis.keys()
        assert left.endswith(b":records")
        assert set(await queue._redis.hgetall(left)) == {b"epoch"}

    async def test_all_keys_share_a_hash_tag(self, queue: TaskQueue) -> None:
        await queue.enqueue([queued(1)])
        keys = await queue._redis.keys()
        assert len(keys) == 4
        assert len({key_slot(key) for key in keys}) == 1

    async def test_scripts_that_the_server_forgot_are_loaded_again(self, queue: TaskQueue) -> None:
        await queue.enqueue([queued(1)])
        await queue._redis.script_flush()
        await queue.enqueue([queued(2)])
        assert await drained(queue) == ids([queued(1), queued(2)])

    @pytest.mark.parametrize("waiting", [100, 20_000])
    @pytest.mark.parametrize(("at_once", "commands"), [(1, 14), (10, 45)])
    async def test_a_task_costs_few_commands_however_many_wait(
        self, queue: TaskQueue, waiting: int, at_once: int, commands: int
    ) -> None:
        await queue.enqueue([queued(number, Band(number % 2)) for number in range(waiting)])
        held = (await queue.claim(a_claim(at_once))).holdings
        again = await settle_at_once(queue, held)
        await queue._redis.config_resetstat()
        await settle_at_once(queue, again)
        stats = await queue._redis.info("commandstats")
        in_scripts = {
            name: each["calls"] for name, each in stats.items() if not name.startswith("cmdstat_config")
        }
        assert in_scripts.pop("cmdstat_evalsha") == 1
        assert sum(in_scripts.values()) == commands

    async def test_a_batch_is_one_command(self, queue: TaskQueue) -> None:
        await queue.enqueue([queued(0)])
        await queue._redis.config_resetstat()
        await queue.enqueue([queued(number) for number in range(1_000)])
        stats = await queue._redis.info("commandstats")
        assert stats["cmdstat_evalsha"]["calls"] == 1


class TestOnRedis(TestOnValkey):
    @pytest.fixture(autouse=True)
    def _server(self, real_redis: TestServer) -> None:
        self.url = real_redis.url


@pytest.mark.integration
async def test_a_restart_keeps_the_tasks_and_begins_another_epoch() -> None:
    with valkey_server() as server:
        async with queue_on(open_redis(server.url)) as queue:
            await queue.enqueue([queued(1), queued(2)])
            before = await queue.epochs()
            server.kill()
            with pytest.raises(QueueUnavailableError):
                await queue.enqueue([queued(3)])
            server.start()
            after = await queue.epochs()
            assert frozenset(await queue.enqueue([queued(3)])) == after
            assert await drained(queue) == ids([queued(1), queued(2), queued(3)])
    assert not before & after


@pytest.mark.integration
async def test_a_frozen_server_is_unavailable_and_is_asked_once() -> None:
    with valkey_server() as server:
        async with queue_on(open_redis(server.url, SOON)) as queue:
            await queue.enqueue([queued(1)])
            await queue._redis.config_resetstat()
            server.freeze()
            for call in (queue.enqueue([queued(2)]), queue.epochs(), queue.depth(), queue.stats()):
                with pytest.raises(QueueUnavailableError):
                    await call
            server.thaw()
            stats = await queue._redis.info("commandstats")
            assert stats["cmdstat_evalsha"]["calls"] <= 4
            assert queued(1).task_id in await drained(queue)


@pytest.mark.integration
async def test_a_frozen_server_costs_nothing_once_the_circuit_is_open() -> None:
    now = 0.0
    with valkey_server() as server:
        policy = CircuitPolicy(minimum_calls=3)
        breaker = CircuitBreaker("queue", lambda: now, policy, is_failure=speaks_against_the_queue)
        async with queue_on(open_redis(server.url, SOON)) as inner:
            guarded = GuardedTaskQueue(inner, breaker)
            server.freeze()
            for _ in range(3):
                with pytest.raises(QueueUnavailableError):
                    await guarded.enqueue([queued(1)])
            async with asyncio.timeout(SOON.total_seconds()):
                for _ in range(100):
                    with pytest.raises(QueueUnavailableError, match="circuit open"):
                        await guarded.enqueue([queued(1)])
            server.thaw()
            now += policy.open_for.total_seconds()
            await guarded.enqueue([queued(1)])
            assert breaker.state is CircuitState.CLOSED


async def test_a_wipe_between_two_batches_is_seen() -> None:
    async with queue_on(fakeredis.FakeAsyncRedis()) as queue:
        push = queue._scripts.enqueue

        async def push_and_lose(keys: list[str], args: list[str]) -> bytes:
            epoch = await push(keys=keys, args=args)
            await queue._redis.flushall()
            queue._scripts.enqueue = push
            return epoch

        queue._scripts.enqueue = push_and_lose
        told = await queue.enqueue([queued(number) for number in range(BATCH + 1)])
        assert len(await drained(queue)) == 1
        assert set(told) > await queue.epochs()


async def test_nobody_there_is_unavailable() -> None:
    queue = RedisTaskQueue(open_redis("unix:///nowhere/at/all.sock", SOON))
    for call in (queue.enqueue([queued(1)]), queue.remove(ids([queued(1)])), queue.depth(), queue.epochs()):
        with pytest.raises(QueueUnavailableError, match="the queue's server failed: ConnectionError"):
            await call
    await queue.close()


@pytest.mark.integration
async def test_a_refused_password_is_named_as_the_reason() -> None:
    with valkey_server("--requirepass", "right") as server:
        queue = RedisTaskQueue(open_redis(server.url.replace("unix://", "unix://:hush@")))
        with pytest.raises(QueueUnavailableError) as caught:
            await queue.depth()
        assert str(caught.value) == "the queue's server failed: AuthenticationError"
        await queue.close()


@pytest.mark.parametrize(
    "url",
    [
        "http://:hush@example.com",
        "redis+sentinel://:hush@example.com",
        "redis+sentinel://:hush@example.com:port/main",
        "redis+cluster://:hush@example.com/3",
        "redis+cluster://:hush@example.com/?colour=red",
        "redis+anything://:hush@example.com",
        "redis://:hush@example.com:port/0",
        "redis://:hush@example.com/?socket_timeout=soon",
        "redis://:hush@example.com/?colour=red",
        "unix://:hush@",
        "unix:///tmp/s?retry=hush",
        "redis://[hush",
        "",
    ],
)
def test_a_url_that_cannot_be_used_is_refused_without_telling_it(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        open_redis(url)
    assert "hush" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "url",
    [
        "redis://:p%40ss@example.com:6380/2",
        "rediss://user:p%40ss@example.com?ssl_cert_reqs=none",
        "unix://:p%40ss@/run/valkey.sock?db=2&socket_timeout=3",
    ],
)
async def test_a_url_is_read_with_its_options(url: str) -> None:
    redis = open_redis(url, SOON)
    options = redis.connection_pool.connection_kwargs
    assert options["password"] == "p@ss"
    assert options["socket_timeout"] == (3.0 if "socket_timeout" in url else 0.1)
    assert options["retry"].get_retries() == 0
    await redis.aclose()


class StumblingQueue(RedisTaskQueue):
    """Fails a number of times before it works."""

    def __init__(self, failures: int) -> None:
        super().__init__(fakeredis.FakeAsyncRedis())
        self.failures = failures
        self.calls = 0

    async def enqueue(self, tasks: Sequence[QueuedTask], /) -> Sequence[QueueEpoch]:
        self.calls += 1
        if self.calls <= self.failures:
            raise QueueUnavailableError("the queue's server failed: TimeoutError")
        return await super().enqueue(tasks)


@pytest.fixture
def _no_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=1000):
        yield


def guarded(queue: TaskQueue, minimum_calls: int = 100) -> tuple[GuardedTaskQueue, GuardedTaskQueue]:
    """The intake's guard and the relay's, sharing a breaker."""
    policy = CircuitPolicy(minimum_calls=minimum_calls)
    breaker = CircuitBreaker("queue", lambda: 0.0, policy, is_failure=speaks_against_the_queue)
    retrier = Retrier(
        RetryPolicy(lambda: 0.5), RetryBudget(), lambda: 0.0, is_transient=speaks_against_the_queue
    )
    return GuardedTaskQueue(queue, breaker), GuardedTaskQueue(queue, breaker, retrier)


@pytest.mark.usefixtures("_no_waiting")
async def test_the_relay_tries_again_and_the_intake_does_not() -> None:
    queue = StumblingQueue(3)
    intake, relay = guarded(queue)
    with pytest.raises(QueueUnavailableError, match="TimeoutError"):
        await intake.enqueue([queued(1)])
    assert queue.calls == 1
    await relay.enqueue([queued(1)])
    assert queue.calls == 4
    await relay.close()


@pytest.mark.usefixtures("_no_waiting")
async def test_an_open_circuit_ends_the_tries_of_both() -> None:
    queue = StumblingQueue(99)
    intake, relay = guarded(queue, minimum_calls=2)
    with pytest.raises(QueueUnavailableError) as caught:
        await relay.enqueue([queued(1)])
    assert isinstance(caught.value.__cause__, CircuitOpenError)
    with pytest.raises(QueueUnavailableError, match="circuit open"):
        await intake.enqueue([queued(1)])
    assert queue.calls == 2
    await relay.close()


async def test_the_guard_hands_everything_on() -> None:
    intake, relay = guarded(StumblingQueue(0))
    epochs = await intake.enqueue([queued(1), queued(2)])
    assert await relay.epochs() == set(epochs)
    assert await relay.remove(ids([queued(1)])) == 1
    assert await relay.held(0, 9) == (0, ids([queued(2)]))
    await relay.pause(EVERY_LANE)
    await intake.resume(EVERY_LANE)
    assert [each.waiting for each in (await relay.stats()).waiting] == [1]
    assert sum((await relay.depth()).values()) == 1
    await intake.close()
