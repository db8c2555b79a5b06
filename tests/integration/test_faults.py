"""Redis and the database vanish or freeze under a real gateway: nothing is lost, and all of it recovers."""

import asyncio
import math
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import asyncpg
import httpx
import psutil
import pytest

from gateways import Gateway, eventually, forked_gateway, gateway
from ledger import queued_ids, read_ledger
from load import Load, Seen, exchange, request_bytes
from servers import PostgresServer, postgres_server, valkey_server
from signed_webhooks import comment

pytestmark = [pytest.mark.integration, pytest.mark.no_cover, pytest.mark.timeout(300)]


async def send(running: Gateway, number: int) -> Seen:
    return await exchange(running.port, request_bytes(comment(number)))


async def health(running: Gateway) -> dict:
    async with httpx.AsyncClient(timeout=10) as client:
        return (await client.get(f"{running.admin_url}/health/ready")).json()


async def are_all_queued(running: Gateway) -> bool:
    return sorted(await queued_ids(running)) == sorted((await read_ledger(running)).origins)


@pytest.mark.parametrize("fault", ["killed", "frozen"])
async def test_without_redis_webhooks_are_accepted_and_its_return_brings_every_task(
    tmp_path: Path, fault: str
) -> None:
    with valkey_server() as valkey, forked_gateway(tmp_path / "home", redis_url=valkey.url) as running:
        assert (await send(running, 1)).status == 202
        valkey.kill() if fault == "killed" else valkey.freeze()
        load = Load(running.port, comment, connections=8, first=2)
        sending = asyncio.create_task(load.run())
        await load.until(lambda: len(load.answers) >= 300)
        load.stop()
        await sending
        assert {seen.status for seen in load.answers.values()} == {202}
        told = await health(running)
        assert (told["status"], list(told["down"])) == ("degraded", ["queue"])
        valkey.start() if fault == "killed" else valkey.thaw()
        await eventually(lambda: are_all_queued(running))


async def test_a_wiped_redis_is_filled_again(tmp_path: Path) -> None:
    with valkey_server() as valkey, forked_gateway(tmp_path / "home", redis_url=valkey.url) as running:
        for number in range(1, 51):
            assert (await send(running, number)).status == 202
        await eventually(lambda: are_all_queued(running))
        before = await queued_ids(running)
        await valkey_flush(valkey.url)
        await eventually(lambda: are_all_queued(running))
        assert await queued_ids(running) == before


async def valkey_flush(url: str) -> None:
    from hookline.queue.connection import open_redis

    redis = open_redis(url)
    await redis.flushall()
    await redis.aclose()


async def test_a_killed_embedded_valkey_comes_back_with_every_task(tmp_path: Path) -> None:
    with forked_gateway(tmp_path / "home") as running:
        assert (await send(running, 1)).status == 202
        children = psutil.Process(running.running.pid).children(recursive=True)
        servers = [child for child in children if "valkey" in child.name()]
        assert servers
        servers[0].kill()
        assert (await send(running, 2)).status == 202
        await eventually(lambda: are_all_queued(running))


async def timed(running: Gateway, number: int) -> tuple[float, Seen]:
    loop = asyncio.get_running_loop()
    began = loop.time()
    seen = await send(running, number)
    return loop.time() - began, seen


async def assert_503_within_a_second(running: Gateway) -> None:
    """That webhooks are told to come again: one at a time within a second, many at once within a few.

    The best of several counts, since a busy machine makes any single one late.
    """
    many = await asyncio.gather(*(timed(running, number) for number in range(2, 42)))
    single = [await timed(running, number) for number in range(42, 47)]
    for _, seen in (*many, *single):
        assert seen.status == 503
        assert math.ceil(float(seen.headers["retry-after"])) > 0
    assert min(took for took, _ in single) < 1
    assert max(took for took, _ in many) < 5


async def assert_it_recovers(running: Gateway) -> None:
    """That webhooks are accepted again, and that each has one task, in the queue."""

    async def is_back() -> bool:
        return (await send(running, 100)).status in {200, 202}

    await eventually(is_back)
    await eventually(lambda: are_all_queued(running))
    ledger = await read_ledger(running)
    assert max(ledger.tasks_per_origin.values()) == 1


@pytest.mark.parametrize("fault", ["killed", "frozen"])
async def test_without_postgresql_the_answer_is_503_within_a_second(tmp_path: Path, fault: str) -> None:
    with valkey_server() as valkey, postgres_server() as database:
        url = await prepared(database)
        settings = {"database_url": url, "redis_url": valkey.url}
        with forked_gateway(tmp_path / "home", **settings) as running:
            assert (await send(running, 1)).status == 202
            database.kill() if fault == "killed" else database.freeze()
            await assert_503_within_a_second(running)
            told = await health(running)
            assert (told["status"], "database" in told["down"]) == ("down", True)
            database.start() if fault == "killed" else database.thaw()
            await assert_it_recovers(running)


@contextmanager
def locked(running: Gateway) -> Iterator[None]:
    """Another process holds the SQLite file."""
    with closing(sqlite3.connect(running.home / "hookline.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def unwritable(running: Gateway) -> Iterator[None]:
    """No file of the gateway's can be written, as on a full disk."""
    process = psutil.Process(running.running.pid)
    before = process.rlimit(psutil.RLIMIT_FSIZE)
    process.rlimit(psutil.RLIMIT_FSIZE, (0, before[1]))
    yield
    process.rlimit(psutil.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("fault", [locked, unwritable])
async def test_without_its_sqlite_file_the_answer_is_503_within_a_second(
    tmp_path: Path, fault: Callable[[Gateway], AbstractContextManager[None]]
) -> None:
    with forked_gateway(tmp_path / "home") as running:
        assert (await send(running, 1)).status == 202
        with fault(running):
            await assert_503_within_a_second(running)
            assert (await health(running))["status"] == "down"
        await assert_it_recovers(running)
        assert (await health(running))["status"] == "ready"


async def prepared(server: PostgresServer) -> str:
    from hookline.storage.database import open_database
    from hookline.storage.schema import upgrade

    url = server.create_database()
    database = open_database(url)
    await upgrade(database)
    await database.close()
    return url


async def deadlocks(url: str) -> int:
    """How many PostgreSQL has seen in a database."""
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(
            "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        )
    finally:
        await connection.close()


async def test_two_gateways_on_one_postgresql_share_all_deliveries_without_a_deadlock(
    tmp_path: Path, postgres: PostgresServer, migrated_postgres: str
) -> None:
    url = postgres.create_database(migrated_postgres)
    with valkey_server() as valkey:
        settings = {"database_url": url, "redis_url": valkey.url}
        with (
            forked_gateway(tmp_path / "a", **settings) as one,
            forked_gateway(tmp_path / "b", **settings) as other,
        ):
            loads = [Load(running.port, comment, connections=32) for running in (one, other)]
            sending = [asyncio.create_task(load.run()) for load in loads]
            for load in loads:
                await load.until(lambda load=load: len(load.answers) >= 5000, seconds=200)
                load.stop()
            await asyncio.gather(*sending)
            statuses = Counter(seen.status for load in loads for seen in load.answers.values())
            assert await deadlocks(url) == 0
            assert statuses.keys() <= {200, 202, 503}, "a machine that is too busy may ask to come again"
            assert statuses[503] < sum(statuses.values()) // 10
            accepted = [number for load in loads for number in load.accepted()]
            assert len(accepted) == len(set(accepted))
            named = [load.task_ids() for load in loads]
            for number in named[0].keys() & named[1].keys():
                assert named[0][number] == named[1][number]
            ledger = await read_ledger(one)
            assert max(ledger.tasks_per_origin.values()) == 1


async def test_worker_processes_tell_what_is_wrong_and_what_they_make_is_private(tmp_path: Path) -> None:
    with gateway(tmp_path / "home", arguments=("--workers", "2")) as running:
        with locked(running):
            await assert_503_within_a_second(running)

        async def is_told() -> bool:
            return "database.unavailable" in "".join(running.output)

        await eventually(is_told)
        await assert_it_recovers(running)
        made = [path for path in running.home.rglob("*") if path.is_file()]
        assert not [path for path in made if path.stat().st_mode & 0o077]
