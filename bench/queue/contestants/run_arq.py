"""arq: a sorted set, polled; here each millisecond rather than half second, as it would only wait."""

import asyncio
from datetime import timedelta
from time import perf_counter

from arq import create_pool, func
from arq.connections import RedisSettings
from arq.worker import Worker
from contest import BATCH, CONCURRENCY, Countdown, run

PAUSE = timedelta(milliseconds=1)


def settings(url: str) -> RedisSettings:
    """Of a server on a unix socket."""
    return RedisSettings(unix_socket_path=url.removeprefix("unix://"))


async def enqueue(url: str, count: int) -> float:
    """One after the other, so many at once."""
    pool = await create_pool(settings(url))
    began = perf_counter()
    for first in range(0, count, BATCH):
        size = min(BATCH, count - first)
        _ = await asyncio.gather(*(pool.enqueue_job("nothing") for _ in range(size)))
    seconds = perf_counter() - began
    await pool.aclose()
    return seconds


async def work(url: str, count: int) -> float:
    """Ten at a time."""
    countdown = Countdown(count)

    async def nothing(_context: dict) -> None:
        countdown.one()

    worker = Worker(
        [func(nothing, name="nothing")],
        redis_settings=settings(url),
        max_jobs=CONCURRENCY,
        keep_result=1,
        poll_delay=PAUSE,
        handle_signals=False,
        log_results=False,
    )
    working = asyncio.create_task(worker.async_run())
    await countdown.is_over.wait()
    seconds = perf_counter() - countdown.began
    while worker.tasks:
        _ = await asyncio.wait(set(worker.tasks.values()), timeout=1)
        if all(job.done() for job in worker.tasks.values()):
            break
    _ = working.cancel()
    _ = await asyncio.gather(working, return_exceptions=True)
    await worker.close()
    return seconds


if __name__ == "__main__":
    run(enqueue, work)
