"""streaQ: a stream with a consumer group; what stays idle is claimed by another worker."""

import asyncio
from time import perf_counter

from contest import BATCH, CONCURRENCY, Countdown, run
from streaq import Worker


async def enqueue(url: str, count: int) -> float:
    """In batches."""
    worker = Worker(redis_url=url)

    @worker.task(name="nothing")
    async def nothing() -> None: ...

    began = perf_counter()
    async with worker:
        for first in range(0, count, BATCH):
            size = min(BATCH, count - first)
            await worker.enqueue_many([nothing.enqueue() for _ in range(size)])
        return perf_counter() - began


async def work(url: str, count: int) -> float:
    """Ten at a time."""
    countdown = Countdown(count)
    worker = Worker(redis_url=url, concurrency=CONCURRENCY, handle_signals=False)

    @worker.task(name="nothing", ttl=1)
    async def nothing() -> None:
        countdown.one()

    working = asyncio.create_task(worker.run_async())
    await countdown.is_over.wait()
    seconds = perf_counter() - countdown.began
    _ = working.cancel()
    _ = await asyncio.gather(working, return_exceptions=True)
    return seconds


if __name__ == "__main__":
    run(enqueue, work)
