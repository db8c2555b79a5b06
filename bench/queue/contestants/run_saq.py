"""SAQ: a blocking move to a list of active jobs, finished by a transaction; results kept for a moment."""

import asyncio
from time import perf_counter

from contest import BATCH, CONCURRENCY, Countdown, run
from redis.asyncio import Redis
from saq import Job, Worker
from saq.queue.redis import RedisQueue


async def enqueue(url: str, count: int) -> float:
    """One after the other, so many at once."""
    queue = RedisQueue(Redis.from_url(url))
    await queue.connect()
    began = perf_counter()
    for first in range(0, count, BATCH):
        size = min(BATCH, count - first)
        _ = await asyncio.gather(*(queue.enqueue(Job("nothing", retries=3, ttl=1)) for _ in range(size)))
    seconds = perf_counter() - began
    await queue.disconnect()
    return seconds


async def work(url: str, count: int) -> float:
    """Ten at a time."""
    queue = RedisQueue(Redis.from_url(url))
    countdown = Countdown(count)

    async def nothing(_context: dict) -> None:
        countdown.one()

    worker = Worker(queue, [("nothing", nothing)], concurrency=CONCURRENCY)
    working = asyncio.create_task(worker.start())
    await countdown.is_over.wait()
    seconds = perf_counter() - countdown.began
    await worker.stop()
    _ = await asyncio.wait({working}, timeout=10)
    await queue.disconnect()
    return seconds


if __name__ == "__main__":
    run(enqueue, work)
