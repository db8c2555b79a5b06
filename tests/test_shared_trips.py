"""Calls of the same moment share a trip to the server, and nothing else."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from hookline.queue.connection import open_redis
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

    async def _send(self, calls: Sequence) -> Sequence:
        self.sizes.extend([len(calls)] * bool(calls))
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
