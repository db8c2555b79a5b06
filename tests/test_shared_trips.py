"""Calls of the same moment share a trip to the server, and nothing else."""

import asyncio
import gc
from collections.abc import AsyncIterator, Sequence

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from contracts.queue_contract import a_claim, queued
from hookline.domain.queue import Settled, Settlement
from hookline.queue.connection import open_redis
from hookline.queue.redis_queue import RedisTaskQueue
from hookline.queue.together import MOST_AT_ONCE, SharedTrips
from servers import TestServer

pytestmark = pytest.mark.integration

NEXT = "return redis.call('INCR', KEYS[1])"
ECHO = "return ARGV[1]"
REFUSED = "return redis.call('INCR', 'no number', 'too many')"


@pytest.fixture
async def redis(valkey: TestServer) -> AsyncIterator[Redis]:
    client = open_redis(valkey.url)
    await client.flushall()
    await client.script_flush()
    yield client
    await client.aclose()


class Trips(SharedTrips):
    """Counts what is sent."""

    def __init__(self, redis: Redis) -> None:
        super().__init__(redis)
        self.sizes: list[int] = []
        self.under_way, self.is_free = asyncio.Event(), asyncio.Event()
        self.is_free.set()

    async def _send(self, calls: Sequence) -> Sequence:
        self.sizes.extend([len(calls)] * bool(calls))
        self.under_way.set()
        try:
            await self.is_free.wait()
        finally:
            self.is_free.set()
        return await super()._send(calls)

    async def ask(self, source: str, *args: str) -> bytes | int:
        return await self.register(source)(["counter"], args)


async def test_calls_of_one_moment_go_together_in_their_order(redis: Redis) -> None:
    trips = Trips(redis)
    assert await trips.ask(NEXT) == 1
    trips.sizes.clear()
    assert await asyncio.gather(*(trips.ask(NEXT) for _ in range(50))) == list(range(2, 52))
    assert trips.sizes == [50]


async def test_a_trip_takes_only_so_many(redis: Redis) -> None:
    trips = Trips(redis)
    await trips.ask(NEXT)
    trips.sizes.clear()
    await asyncio.gather(*(trips.ask(NEXT) for _ in range(2 * MOST_AT_ONCE + 1)))
    assert trips.sizes == [MOST_AT_ONCE, MOST_AT_ONCE, 1]


async def test_what_is_called_while_a_trip_is_under_way_goes_with_the_next(redis: Redis) -> None:
    trips = Trips(redis)
    await trips.ask(NEXT)

    async def twice() -> list[bytes | int]:
        return [await trips.ask(NEXT), await trips.ask(NEXT)]

    pairs = await asyncio.gather(twice(), twice())
    assert sorted(number for pair in pairs for number in pair) == [2, 3, 4, 5]


async def test_scripts_that_the_server_forgot_are_loaded_again(redis: Redis) -> None:
    trips = Trips(redis)
    for _ in range(2):
        await redis.script_flush()
        answers = await asyncio.gather(
            *(trips.ask(ECHO, str(number)) for number in range(5)), trips.ask(NEXT)
        )
        assert answers[:5] == [b"0", b"1", b"2", b"3", b"4"]
    assert await trips.ask(NEXT) == 3


EACH = """
local answers = {}
for at = 2, #ARGV, 2 do
  answers[#answers + 1] = { ARGV[1], ARGV[at], ARGV[at + 1], #ARGV }
end
return answers
"""


async def test_calls_that_may_share_a_run_do_and_each_gets_its_own_answer(redis: Redis) -> None:
    trips = Trips(redis)
    each = trips.register(EACH, 2)
    words = [("x", "a", "b"), ("x", "c", "d"), ("y", "e", "f")]
    answers = await asyncio.gather(*(each(["k"], args) for args in words), each(["l"], words[0]))
    together = [[[*(word.encode() for word in args), 5]] for args in words[:2]]
    assert answers == [*together, [[b"y", b"e", b"f", 3]], [[b"x", b"a", b"b", 3]]]


async def test_a_run_that_answers_too_little_is_told_to_who_is_left_out(redis: Redis) -> None:
    few = Trips(redis).register("return { 'one' }", 1)
    answers = await asyncio.gather(few([], ["a"]), few([], ["b"]), return_exceptions=True)
    assert answers[0] == [b"one"]
    assert isinstance(answers[1], ConnectionError)


async def test_a_refused_call_harms_no_other(redis: Redis) -> None:
    trips = Trips(redis)
    answers = await asyncio.gather(
        trips.ask(ECHO, "one"), trips.ask(REFUSED), trips.ask(ECHO, "two"), return_exceptions=True
    )
    assert (answers[0], answers[2]) == (b"one", b"two")
    assert isinstance(answers[1], RedisError)


async def test_a_caller_who_goes_away_harms_no_other(redis: Redis) -> None:
    trips = Trips(redis)
    asking = [asyncio.create_task(trips.ask(ECHO, str(number))) for number in range(3)]
    await asyncio.sleep(0)
    asking[1].cancel()
    answers = await asyncio.gather(*asking, return_exceptions=True)
    assert (answers[0], answers[2]) == (b"0", b"2")
    assert isinstance(answers[1], asyncio.CancelledError)


async def test_what_a_caller_asked_who_goes_away_is_done_all_the_same(redis: Redis) -> None:
    trips = Trips(redis)
    under_way = [asyncio.create_task(trips.ask(NEXT)) for _ in range(3)]
    await trips.under_way.wait()
    behind = [asyncio.create_task(trips.ask(NEXT)) for _ in range(3)]
    await asyncio.sleep(0)
    assert (under_way[1].cancel(), behind[1].cancel()) == (True, True)
    answers = await asyncio.gather(*under_way, *behind, return_exceptions=True)
    assert [answer for answer in answers if isinstance(answer, int)] == [1, 3, 4, 6]
    assert await trips.ask(NEXT) == 7


async def test_a_settlement_of_who_goes_away_is_made_with_the_others(redis: Redis) -> None:
    queue, tasks = RedisTaskQueue(redis), [queued(number) for number in range(3)]
    await queue.enqueue(tasks)
    held = (await queue.claim(a_claim(3))).holdings
    settling = [asyncio.create_task(queue.settle(Settlement(each, is_over=True), None)) for each in held]
    await asyncio.sleep(0)
    settling[1].cancel()
    settled = await asyncio.gather(*settling, return_exceptions=True)
    assert [isinstance(each, Settled) and each.was_held for each in settled] == [True, False, True]
    assert await queue.held(0, 10) == (0, [])


async def test_a_trip_that_is_cancelled_leaves_nobody_waiting(redis: Redis) -> None:
    trips = Trips(redis)
    trips.is_free.clear()
    under_way = asyncio.create_task(trips.ask(ECHO, "under way"))
    await trips.under_way.wait()
    behind = asyncio.create_task(trips.ask(ECHO, "behind"))
    await asyncio.sleep(0)
    assert trips._trips is not None
    assert trips._trips.cancel()
    answers = await asyncio.gather(under_way, behind, trips.ask(ECHO, "late"), return_exceptions=True)
    assert [str(answer) for answer in answers] == ["no answer came", "not sent", "b'late'"]
    assert await asyncio.gather(*(trips.ask(ECHO, str(number)) for number in range(3))) == [b"0", b"1", b"2"]


async def test_what_a_trip_chokes_on_leaves_nobody_waiting(redis: Redis) -> None:
    trips = Trips(redis)
    no_list = trips.register("return 1", 1)
    under_way = [asyncio.create_task(each) for each in (trips.ask(NEXT), no_list([], ["a"]), trips.ask(NEXT))]
    await trips.under_way.wait()
    behind = asyncio.create_task(trips.ask(NEXT))
    answers = await asyncio.gather(*under_way, behind, return_exceptions=True)
    assert isinstance(answers.pop(1), ConnectionError)
    assert answers == [1, 2, 3]


@pytest.mark.parametrize("trip_first", [True, False])
async def test_the_end_of_a_loop_ends_every_wait(
    redis: Redis, caplog: pytest.LogCaptureFixture, *, trip_first: bool
) -> None:
    """All tasks are cancelled at once; each caller asks once more, as one who gives back what it holds."""
    trips = Trips(redis)
    last_words: list[bytes | int | str] = []
    trips.is_free.clear()

    async def asks_twice() -> None:
        try:
            await trips.ask(ECHO, "first")
        finally:
            try:
                last_words.append(await trips.ask(ECHO, "last"))
            except ConnectionError as error:
                last_words.append(str(error))

    callers = [asyncio.create_task(asks_twice()) for _ in range(2)]
    await trips.under_way.wait()
    callers.append(asyncio.create_task(asks_twice()))
    await asyncio.sleep(0)
    assert trips._trips is not None
    for task in [trips._trips, *callers] if trip_first else [*callers, trips._trips]:
        task.cancel()
    await asyncio.wait(callers)
    assert last_words == [b"last" if trip_first else "not sent"] * 3
    del callers, task
    gc.collect()
    assert caplog.messages == []


async def test_a_server_that_does_not_answer_is_told_to_all(valkey: TestServer, redis: Redis) -> None:
    trips = Trips(redis)
    await trips.ask(ECHO, "before")
    valkey.freeze()
    try:
        answers = await asyncio.gather(*(trips.ask(ECHO, "x") for _ in range(3)), return_exceptions=True)
        assert all(isinstance(answer, RedisError | OSError | TimeoutError) for answer in answers)
    finally:
        valkey.thaw()
    assert await trips.ask(ECHO, "after") == b"after"
