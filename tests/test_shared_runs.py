"""Settlements of one moment share a run of the script, and are answered as if one came after the other."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import fakeredis
import pytest
from redis.asyncio import Redis

from contracts.queue_contract import a_claim, ids, queued
from hookline.domain.queue import ClaimCall, Holding, QueuedTask, Settled, Settlement, TaskQueue, Terms
from hookline.queue.connection import open_redis
from hookline.queue.redis_queue import RedisTaskQueue
from server_process import TestServer


@pytest.fixture(params=["fakeredis", pytest.param("valkey", marks=pytest.mark.integration)])
async def queue(request: pytest.FixtureRequest) -> AsyncIterator[TaskQueue]:
    opened = RedisTaskQueue(_client(request))
    await opened._redis.flushall()
    yield opened
    await opened.close()


def _client(request: pytest.FixtureRequest) -> Redis:
    if request.param == "fakeredis":
        return fakeredis.FakeAsyncRedis()
    server: TestServer = request.getfixturevalue("valkey")
    return open_redis(server.url)


async def held_of(queue: TaskQueue, tasks: Sequence[QueuedTask], count: int) -> Sequence[Holding]:
    await queue.enqueue(tasks)
    return [(await queue.claim(a_claim())).holdings[0] for _ in range(count)]


async def at_once(queue: TaskQueue, *settlements: tuple[Settlement, ClaimCall | None]) -> Sequence[Settled]:
    return await asyncio.gather(*(queue.settle(settlement, then) for settlement, then in settlements))


async def test_each_gets_a_task_of_its_own(queue: TaskQueue) -> None:
    tasks = [queued(number) for number in range(9)]
    held = await held_of(queue, tasks, 4)
    settled = await at_once(queue, *((Settlement(one, is_over=True), a_claim()) for one in held))
    assert all(each.was_held for each in settled)
    assert [list(each.taken.task_ids) for each in settled] == [[task_id] for task_id in ids(tasks[4:8])]
    assert (await queue.claim(a_claim(9))).task_ids == ids(tasks[8:])


async def test_the_same_end_twice_holds_once_and_both_hear_of_the_next(queue: TaskQueue) -> None:
    tasks = [queued(number) for number in range(3)]
    (held,), then = await held_of(queue, tasks, 1), a_claim()
    end = (Settlement(held, is_over=True), then)
    first, second = await at_once(queue, end, end)
    assert (first.was_held, second.was_held) == (True, False)
    assert first.taken.task_ids == second.taken.task_ids == ids(tasks[1:2])


async def test_two_ends_that_claim_by_one_name_get_the_same_task(queue: TaskQueue) -> None:
    tasks = [queued(number) for number in range(5)]
    held, then = await held_of(queue, tasks, 2), a_claim()
    settled = await at_once(queue, *((Settlement(one, is_over=True), then) for one in held))
    assert [list(each.taken.task_ids) for each in settled] == [ids(tasks[2:3])] * 2


async def test_the_last_ones_of_a_lane_leave_nothing_of_it(queue: TaskQueue) -> None:
    held = await held_of(queue, [queued(number) for number in range(3)], 3)
    await at_once(queue, *((Settlement(one, is_over=True), None) for one in held))
    assert set(await queue._redis.hgetall("hookline:{q0}:records")) == {b"epoch"}


async def test_what_is_given_back_is_given_to_the_next_of_the_run(queue: TaskQueue) -> None:
    tasks = [queued(number) for number in range(2)]
    held = await held_of(queue, tasks, 2)
    settled = await at_once(
        queue,
        (Settlement(held[0], is_over=False), None),
        (Settlement(held[1], is_over=True), a_claim()),
    )
    assert [each.was_held for each in settled] == [True, True]
    assert settled[1].taken.task_ids == ids(tasks[:1])


async def test_a_follower_comes_after_its_owner_within_a_run(queue: TaskQueue) -> None:
    tasks = [queued(0, conversation="one"), queued(1, conversation="one"), queued(2, conversation="two")]
    held = await held_of(queue, tasks, 2)
    assert ids(tasks)[1] not in [one.task_id for one in held]
    settled = await at_once(queue, *((Settlement(one, is_over=True), a_claim()) for one in held))
    assert [list(each.taken.task_ids) for each in settled] == [ids(tasks[1:2]), []]


async def test_a_cap_holds_within_a_run(queue: TaskQueue) -> None:
    capped = RedisTaskQueue(queue._redis, terms=lambda _lane: Terms(1, 2))
    tasks = [queued(number) for number in range(6)]
    await capped.enqueue(tasks)
    held = [(await capped.claim(a_claim())).holdings[0] for _ in range(2)]
    assert (await capped.claim(a_claim())).holdings == []
    settled = await at_once(capped, *((Settlement(one, is_over=True), a_claim(3)) for one in held))
    assert sorted(len(each.taken.holdings) for each in settled) == [0, 2]
