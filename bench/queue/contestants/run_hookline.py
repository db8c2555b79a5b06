"""Hookline's queue: leases, an acknowledgement that claims the next one in the same round trip."""

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import count as numbers
from time import perf_counter

from contest import BATCH, CONCURRENCY, run

from hookline.domain.command import Band
from hookline.domain.ids import TaskId
from hookline.domain.queue import ClaimCall, ClaimId, Holding, QueuedTask, Settlement
from hookline.queue.connection import open_redis
from hookline.queue.redis_queue import RedisTaskQueue

LEASE = timedelta(seconds=30)
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def task(number: int) -> QueuedTask:
    """A task of a conversation of its own."""
    return QueuedTask(
        task_id=TaskId(f"01999999-9999-7999-8999-{number:012d}"),
        band=Band(2),
        lane="github:octo/app",
        conversation=f"github:octo/app#{number}",
        accepted_at=BEGAN + timedelta(milliseconds=number),
    )


async def enqueue(url: str, count: int) -> float:
    """In batches."""
    queue = RedisTaskQueue(open_redis(url))
    began = perf_counter()
    for first in range(0, count, BATCH):
        _ = await queue.enqueue([task(number) for number in range(first, min(first + BATCH, count))])
    seconds = perf_counter() - began
    await queue.close()
    return seconds


async def work(url: str, count: int) -> float:
    """Ten at a time."""
    queue = RedisTaskQueue(open_redis(url))
    names = numbers()

    def next_call() -> ClaimCall:
        return ClaimCall(ClaimId(f"claim-{next(names)}"), 1, LEASE)

    async def one() -> int:
        done, taken = 0, await queue.claim(next_call())
        while taken.holdings:
            holding: Holding = taken.holdings[0]
            taken = (await queue.settle(Settlement(holding, is_over=True), next_call())).taken
            done += 1
        return done

    began = perf_counter()
    worked_off = await asyncio.gather(*(one() for _ in range(CONCURRENCY)))
    seconds = perf_counter() - began
    assert sum(worked_off) == count
    await queue.close()
    return seconds


if __name__ == "__main__":
    run(enqueue, work)
