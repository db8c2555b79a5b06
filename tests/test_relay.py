"""The relay: what the database holds and the queue does not know comes to the queue, once and in order."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from fakeredis import FakeAsyncRedis
from prometheus_client import CollectorRegistry

from hookline.core.metrics import Metrics
from hookline.core.queue_feed import QueueFeed
from hookline.core.relay import Relay
from hookline.domain.ids import TaskId
from hookline.domain.rules import Caps
from hookline.queue.redis_queue import RedisTaskQueue
from hookline.storage.database import Database
from hookline.storage.ingest import SqlIngestStore
from hookline.storage.ledger import SqlQueueLedger
from submissions import Sender


async def on_duty() -> bool:
    return True


@dataclass
class Yard:
    """A database, a queue and the relay between them."""

    redis: FakeAsyncRedis
    queue: RedisTaskQueue
    store: SqlIngestStore
    ledger: SqlQueueLedger
    relay: Relay
    sender: Sender

    async def accept(self, count: int) -> list[TaskId]:
        batch = [self.sender.asks(f"k{self.sender.new_id()}") for _ in range(count)]
        await self.store.commit(batch)
        return [submission.task_id for submission in batch]


async def held(yard: Yard) -> set[TaskId]:
    _, found = await yard.queue.held(0, 100)
    return set(found)


@pytest.fixture
async def yard(sqlite_database: Database) -> AsyncIterator[Yard]:
    redis = FakeAsyncRedis()
    queue = RedisTaskQueue(redis)
    ledger = SqlQueueLedger(sqlite_database)
    sender = Sender()
    metrics = Metrics(CollectorRegistry())
    relay = Relay(queue, ledger, metrics, lambda: sender.clock() + timedelta(hours=1), on_duty)
    yield Yard(redis, queue, SqlIngestStore(sqlite_database, Caps()), ledger, relay, sender)
    await queue.close()


async def test_what_was_never_pushed_comes_in_its_order_and_only_once(yard: Yard) -> None:
    accepted = await yard.accept(5)
    assert await yard.relay.relay_once() == 5
    assert await held(yard) == set(accepted)
    assert await yard.relay.relay_once() == 0


async def test_fresh_tasks_are_left_to_the_feed(yard: Yard) -> None:
    await yard.accept(1)
    metrics = Metrics(CollectorRegistry())
    prompt = Relay(yard.queue, yard.ledger, metrics, yard.sender.clock, on_duty)
    assert await prompt.relay_once() == 0


async def test_a_wiped_queue_is_filled_again(yard: Yard) -> None:
    accepted = await yard.accept(3)
    await yard.relay.relay_once()
    await yard.redis.flushall()
    assert await yard.relay.relay_once() == 3
    assert await held(yard) == set(accepted)


async def test_the_audit_finds_single_losses_and_removes_what_is_over(yard: Yard) -> None:
    kept, lost = await yard.accept(2)
    await yard.relay.relay_once()
    await yard.queue.remove([lost])
    await yard.relay.audit_once()
    assert await held(yard) == {kept, lost}
    await yard.store.commit([yard.sender.cancels("cancel")])
    await yard.relay.audit_once()
    assert await held(yard) == set()


async def test_what_the_feed_pushed_and_marked_is_not_missing(yard: Yard) -> None:
    batch = [yard.sender.asks("fed")]
    committed = await yard.store.commit(batch)
    feed = QueueFeed(yard.queue, yard.ledger)
    feed.take(committed.changed)
    await feed.stop()
    assert await held(yard) == {batch[0].task_id}
    assert await yard.relay.relay_once() == 0
