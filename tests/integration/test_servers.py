"""The servers that other tests stand on."""

import asyncio
import os

import asyncpg
import psutil
import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from server_process import TestServer, wait_for_end
from servers import PostgresServer, postgres_server, valkey_server

pytestmark = pytest.mark.integration


async def test_a_valkey_keeps_its_data_over_a_kill() -> None:
    with valkey_server() as server:
        async with Redis.from_url(server.url) as redis:
            await redis.set("a", "1")
        first = server.pid
        server.kill()
        assert not psutil.pid_exists(first)
        server.start()
        async with Redis.from_url(server.url) as redis:
            assert await redis.get("a") == b"1"
        last = server.pid
    assert not psutil.pid_exists(last)


async def test_a_frozen_valkey_does_not_answer(valkey: TestServer) -> None:
    options = {"socket_timeout": 0.05, "retry": Retry(NoBackoff(), 0)}
    async with Redis.from_url(valkey.url, **options) as redis:
        valkey.freeze()
        try:
            with pytest.raises(RedisError, match="Timeout"):
                await redis.ping()
        finally:
            valkey.thaw()
        assert await redis.ping()


async def test_a_database_is_fresh_and_of_version_15_or_later(postgres_url: str) -> None:
    connection = await asyncpg.connect(postgres_url)
    try:
        assert connection.get_server_version().major >= 15
        assert await connection.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0
    finally:
        await connection.close()


@pytest.mark.skipif("HOOKLINE_TEST_DATABASE_URL" in os.environ, reason="not our server")
async def test_a_postgres_recovers_from_a_kill_and_a_freeze() -> None:
    with postgres_server() as server:
        await _fill(server)
        family = [psutil.Process(server.pid), *psutil.Process(server.pid).children(recursive=True)]
        server.kill()
        assert wait_for_end(family, 0)
        server.start()
        assert await _read(server) == 7
        server.freeze()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(_read(server), 0.2)
        server.thaw()
        assert await _read(server) == 7
        server.stop()


async def _fill(server: PostgresServer) -> None:
    connection = await asyncpg.connect(server.url)
    await connection.execute("CREATE TABLE kept AS SELECT 7 AS value")
    await connection.close()


async def _read(server: PostgresServer) -> int:
    connection = await asyncpg.connect(server.url)
    try:
        return await connection.fetchval("SELECT value FROM kept")
    finally:
        await connection.close()
