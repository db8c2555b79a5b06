"""`scripts/bench refill`: seconds until a Redis that lost everything has all unfinished tasks again."""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from time import perf_counter

from bench.verdict import end_unless
from hookline.queue.connection import open_redis
from hookline.storage.database import open_database, sqlite_url
from hookline.storage.schema import upgrade
from refill import town
from servers import postgres_server, valkey_server

AIM_SECONDS = 5.0
PARTITIONS = (1, 16)


@contextmanager
def databases() -> Iterator[dict[str, str]]:
    """An empty database of each kind for each number of partitions."""
    with tempfile.TemporaryDirectory(prefix="hookline-bench-") as folder, postgres_server() as postgres:
        made = {
            f"sqlite, {count} partitions": sqlite_url(Path(folder) / f"{count}.db") for count in PARTITIONS
        }
        yield made | {f"postgresql, {count} partitions": postgres.create_database() for count in PARTITIONS}


async def refill(database_url: str, redis_url: str, tasks: int, partitions: int) -> float:
    """Fill, lose everything, and fill again; what came back must be what was lost."""
    database, redis = open_database(database_url), open_redis(redis_url, timedelta(seconds=30))
    await upgrade(database)
    await redis.flushall()
    with town(database, redis, tasks, partitions) as settled:
        await settled.settle_in_and_pause()
        before = await settled.state()
        await redis.flushall()
        began = perf_counter()
        pushed = await settled.relay.relay_once()
        seconds = perf_counter() - began
        assert pushed == tasks
        assert await settled.state() == before
    await redis.aclose()
    await database.close()
    return seconds


def main(arguments: list[str]) -> None:
    """Measure each database, and print the result as JSON."""
    parser = argparse.ArgumentParser(prog="scripts/bench refill", description=__doc__)
    parser.add_argument("--tasks", type=int, default=10_000)
    options = parser.parse_args(arguments)
    seconds: dict[str, float] = {}
    with valkey_server() as valkey, databases() as urls:
        for name, url in urls.items():
            partitions = int(name.split()[1])
            seconds[name] = asyncio.run(refill(url, valkey.url, options.tasks, partitions))
            print(f"{name:<28} {seconds[name]:.2f} s", file=sys.stderr, flush=True)
    found = {name: round(value, 2) for name, value in seconds.items()}
    print(json.dumps({"tasks": options.tasks, "aim": AIM_SECONDS, "seconds": found}, indent=2))
    worst = max(seconds.values())
    end_unless(worst <= AIM_SECONDS, f"it took {worst:.2f} s, the aim is {AIM_SECONDS:g} s")
