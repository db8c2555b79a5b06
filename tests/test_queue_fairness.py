"""How lanes share what is served: by their weights, whatever the backlog, and nobody waits for ever."""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from hookline.domain.command import Band
from hookline.domain.ids import TaskId
from hookline.domain.queue import ClaimCall, ClaimId, Holding, QueuedTask, Settlement, Terms
from hookline.queue.connection import open_redis
from hookline.queue.redis_queue import RedisTaskQueue
from server_process import TestServer

pytestmark = pytest.mark.integration

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
AGE_BOUND = timedelta(minutes=10)
MINUTE = timedelta(minutes=1)
WEIGHTS = {"a": 1.0, "b": 2.0, "c": 4.0, "d": 0.5}


class Desk:
    """A queue with a clock of its own, and the service at it."""

    def __init__(self, server: TestServer) -> None:
        self.now = NOON
        self.queue = RedisTaskQueue(
            open_redis(server.url),
            terms=lambda lane: Terms(weight=WEIGHTS.get(lane, 1.0)),
            age_bound=AGE_BOUND,
            clock=lambda: self.now,
        )
        self.numbers = 0

    async def come(self, lane: str, count: int, band: Band = Band.NORMAL) -> None:
        tasks = []
        for _ in range(count):
            self.numbers += 1
            tasks.append(QueuedTask(TaskId(f"t{self.numbers:07}"), band, lane, "", self.now))
        await self.queue.enqueue(tasks)

    async def serve(self, count: int) -> list[Holding]:
        self.numbers += 1
        taken = await self.queue.claim(ClaimCall(ClaimId(f"c{self.numbers}"), count, MINUTE))
        for holding in taken.holdings:
            await self.queue.settle(Settlement(holding, is_over=True), None)
        return list(taken.holdings)


@pytest.fixture
async def counter(valkey: TestServer) -> AsyncIterator[Desk]:
    made = Desk(valkey)
    await made.queue._redis.flushall()
    yield made
    await made.queue._redis.flushall()
    await made.queue.close()


async def test_shares_stand_within_a_twentieth_of_the_weights(counter: Desk) -> None:
    for lane in WEIGHTS:
        await counter.come(lane, 1_000)
    served: Counter[str] = Counter()
    for _ in range(50):
        served.update(holding.lane for holding in await counter.serve(20))
    whole = sum(WEIGHTS.values())
    for lane, weight in WEIGHTS.items():
        assert served[lane] / 1_000 == pytest.approx(weight / whole, rel=0.05)


async def test_who_comes_late_gets_its_share_and_no_more(counter: Desk) -> None:
    await counter.come("x", 1_000)
    await counter.serve(400)
    await counter.come("y", 300)
    served = Counter(holding.lane for holding in await counter.serve(200))
    assert served == {"x": 100, "y": 100}


async def test_who_was_idle_has_saved_nothing(counter: Desk) -> None:
    await counter.come("x", 500)
    await counter.come("y", 10)
    await counter.serve(300)
    await counter.come("y", 300)
    served = Counter(holding.lane for holding in await counter.serve(100))
    assert served == {"x": 50, "y": 50}


async def test_a_low_task_under_a_flood_of_critical_ones_starts_after_three_bounds(counter: Desk) -> None:
    await counter.come("low", 1, Band.LOW)
    backlog = 40
    for number in range(backlog):
        await counter.come(f"lane{number % 7}", 1, Band.CRITICAL)
    began = counter.now
    while True:
        counter.now += timedelta(seconds=10)
        await counter.come(f"lane{counter.numbers % 7}", 1, Band.CRITICAL)
        (served,) = await counter.serve(1)
        if served.lane == "low":
            break
    waited = counter.now - began
    assert 3 * AGE_BOUND < waited <= 3 * AGE_BOUND + (backlog + 2) * timedelta(seconds=10)
