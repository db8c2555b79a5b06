"""What a task costs while many others wait: enqueue, and claim with the acknowledgement of the one before."""

import statistics
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import perf_counter

from redis import Redis

from bench.queue.contest import MICROSECONDS, Cost, cpu_of
from hookline.domain.command import Band
from hookline.domain.ids import TaskId
from hookline.domain.queue import ClaimCall, ClaimId, QueuedTask, Settlement, TaskQueue
from hookline.queue.connection import open_redis
from hookline.queue.redis_queue import RedisTaskQueue
from server_process import TestServer

MakeServer = Callable[[], AbstractContextManager[TestServer]]

LANES = 100
BANDS = 4
BATCH = 500
PATIENT = timedelta(seconds=60)
_LOOK_AGAIN_SECONDS = 0.1
_BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def task(number: int) -> QueuedTask:
    """One of four bands and a hundred lanes, of a conversation of its own."""
    lane = f"github:octo/app{number % LANES}"
    return QueuedTask(
        task_id=TaskId(f"01999999-9999-7999-8999-{number:012d}"),
        band=Band(number // LANES % BANDS),
        lane=lane,
        conversation=f"{lane}#{number}",
        accepted_at=_BEGAN + timedelta(milliseconds=number),
    )


@dataclass
class Crowd:
    """A queue in which so many wait."""

    waiting: int
    queue: TaskQueue
    redis: Redis
    numbers: int = 0
    enqueues: list[Cost] = field(default_factory=list)
    claims: list[Cost] = field(default_factory=list)

    async def add(self, count: int) -> None:
        """Enqueue so many more."""
        for first in range(0, count, BATCH):
            numbers = range(self.numbers + first, self.numbers + min(first + BATCH, count))
            _ = await self.queue.enqueue([task(number) for number in numbers])
        self.numbers += count

    async def work_off(self, count: int) -> None:
        """Claim so many, one after the other, each with the acknowledgement of the one before."""
        taken = await self.queue.claim(self._call(0))
        for number in range(1, count + 1):
            settlement = Settlement(taken.holdings[0], is_over=True)
            then = self._call(number) if number < count else None
            taken = (await self.queue.settle(settlement, then)).taken

    def _call(self, number: int) -> ClaimCall:
        return ClaimCall(ClaimId(f"claim-{self.numbers}-{number}"), 1, timedelta(seconds=60))

    async def measure(self, count: int) -> None:
        """Enqueue so many and work so many off, so that as many wait as before."""
        self.enqueues.append(await self._cost(self.add(count), count))
        self.claims.append(await self._cost(self.work_off(count), count))

    async def _cost(self, work: Awaitable[None], count: int) -> Cost:
        cpu, began = cpu_of(self.redis), perf_counter()
        await work
        seconds = perf_counter() - began
        return Cost((cpu_of(self.redis) - cpu) * MICROSECONDS / count, count / seconds)


@asynccontextmanager
async def crowd(make_server: MakeServer, waiting: int) -> AsyncIterator[Crowd]:
    """Fill a server of its own."""
    with make_server() as server, Redis.from_url(server.url) as redis:
        queue = RedisTaskQueue(open_redis(server.url, PATIENT))
        made = Crowd(waiting, queue, redis)
        print(f"filling a queue with {waiting:,} tasks", file=sys.stderr, flush=True)
        await made.add(waiting)
        settled(redis)
        yield made
        await queue.close()


def settled(redis: Redis) -> None:
    """Wait until the server has written its file anew, which the filling made it do."""
    while any(redis.info("persistence")[f"aof_rewrite_{state}"] for state in ("in_progress", "scheduled")):
        time.sleep(_LOOK_AGAIN_SECONDS)


async def compare(make_server: MakeServer, sizes: Sequence[int], count: int, rounds: int) -> list[dict]:
    """Alternate between crowds of these sizes; the ratios are to the first one, of neighbouring rounds."""
    async with AsyncExitStack() as stack:
        crowds = [await stack.enter_async_context(crowd(make_server, size)) for size in sizes]
        for number in range(rounds):
            for each in crowds:
                await each.measure(count)
            print(f"round {number + 1} of {rounds}", file=sys.stderr, flush=True)
        return [_told(each, crowds[0]) for each in crowds]


def _told(each: Crowd, first: Crowd) -> dict:
    return {
        "waiting": each.waiting,
        "enqueue": _told_of(each.enqueues, first.enqueues),
        "claim_and_ack": _told_of(each.claims, first.claims),
    }


def _told_of(costs: Sequence[Cost], first: Sequence[Cost]) -> dict[str, float]:
    ratios = [cost.rate / other.rate for cost, other in zip(costs, first, strict=True)]
    return {
        "rate": round(statistics.median(cost.rate for cost in costs)),
        "server_us": round(statistics.median(cost.server_us for cost in costs)),
        "ratio": round(statistics.median(ratios), 2),
    }
