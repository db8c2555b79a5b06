"""Redis loses everything, or a part of it, while work runs: the relay brings all of it back as it was."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from redis.asyncio import Redis

from hookline.core.claiming import Claiming
from hookline.core.waiting_line import WaitingLine
from hookline.domain.queue import ClaimId
from hookline.queue.connection import open_redis
from hookline.queue.layout import NAMES, partitions
from hookline.storage.database import Database
from query_plans import heard
from refill import HOUR, Town, tasks_in, town
from server_process import TestServer

pytestmark = [pytest.mark.integration, pytest.mark.no_cover]

MANY = 2_000
PARTITIONS = 4


@pytest.fixture
async def redis(valkey: TestServer) -> AsyncIterator[Redis]:
    made = open_redis(valkey.url, timedelta(seconds=30))
    await made.flushall()
    yield made
    await made.flushall()
    await made.aclose()


async def test_a_queue_that_lost_everything_is_as_it_was(database: Database, redis: Redis) -> None:
    with town(database, redis, MANY, PARTITIONS) as settled:
        running = await settled.settle_in_and_pause()
        before = await settled.state()
        await redis.flushall()
        assert await settled.relay.relay_once() == MANY
        assert await settled.state() == before
        records = [before[partition.records] for partition in partitions(PARTITIONS)]
        assert sorted(task_id for each in records for task_id in tasks_in(each, "l")) == sorted(running)
        terms = [each["l:github:octo/app0"] for each in records if "l:github:octo/app0" in each]
        assert [str(text)[-2:] for text in terms] == [" 1"] * len(terms)
        assert terms


async def test_one_lost_partition_comes_back_and_the_others_stay(database: Database, redis: Redis) -> None:
    with town(database, redis, MANY, PARTITIONS) as settled:
        await settled.settle_in_and_pause()
        before = await settled.state()
        lost = partitions(PARTITIONS)[1]
        await redis.delete(*lost.keys)
        pushed = await settled.relay.relay_once()
        assert pushed == len(tasks_in(before[lost.records]))
        assert 0 < pushed < MANY
        assert await settled.state() == before


@pytest.mark.parametrize("name", NAMES)
async def test_a_queue_that_lost_one_of_its_keys_is_as_it_was(
    sqlite_database: Database, redis: Redis, name: str
) -> None:
    with town(sqlite_database, redis, 200) as settled:
        await settled.settle_in_and_pause()
        before = await settled.state()
        key = f"hookline:{{q0}}:{name}"
        assert await redis.delete(key) == 1
        await settled.relay.relay_once()
        assert await settled.state() == before
        assert await redis.exists(key) == 1


async def test_what_runs_is_not_started_twice(database: Database, redis: Redis) -> None:
    with town(database, redis, 400) as settled:
        running = await settled.settle_in()
        await redis.flushall()
        await settled.relay.relay_once()
        claiming = Claiming(settled.queue, settled.life, WaitingLine(), settled.sender.clock, HOUR)
        after = await claiming.claim("two", ClaimId("after"), 400, timedelta(0))
        assert after
        assert not {each.task_id for each in after} & set(running)
        assert {each.fence for each in after} == {1}


async def asked_for(settled: Town, database: Database) -> int:
    with heard(database) as asked:
        await settled.relay.relay_once()
    return len(asked)


async def test_what_is_asked_grows_as_the_number_of_tasks_does(database: Database, redis: Redis) -> None:
    asked: list[int] = []
    with town(database, redis, MANY) as settled:
        for _ in range(2):
            await settled.settle_in()
            await redis.flushall()
            asked.append(await asked_for(settled, database))
        assert len(tasks_in((await settled.state())[partitions(1)[0].records])) == 2 * MANY
    assert asked[1] <= 2 * asked[0]
