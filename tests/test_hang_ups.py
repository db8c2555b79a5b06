"""Workers that hang up, claims asked again, and tasks that cannot run yet: nothing is stuck."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from itertools import count

import fakeredis
import pytest

from hookline.core.caller import Caller
from hookline.core.claiming import Claiming
from hookline.core.waiting_line import WaitingLine
from hookline.domain.command import Band
from hookline.domain.ids import TaskId
from hookline.domain.lifecycle import Complete, Finish
from hookline.domain.queue import ClaimCall, ClaimId, QueuedTask, Taken
from hookline.queue.layout import partition_of
from hookline.queue.redis_queue import RedisTaskQueue
from hookline.storage.database import Database
from hookline.storage.lifecycle import SqlLifecycleStore
from lives import Office
from submissions import CONVERSATION, LANE, NOW

MINUTE = timedelta(minutes=1)
NO_WAIT = timedelta(0)
PARTITIONS = 4
ELSEWHERE = next(
    lane
    for lane in (f"github:octo/other{number}" for number in count())
    if partition_of(lane, PARTITIONS) != partition_of(LANE, PARTITIONS)
)


class WatchedQueue(RedisTaskQueue):
    """Counts its claims, and calls back after each."""

    claims = 0
    after_claim: Callable[[], None] = staticmethod(lambda: None)

    async def claim(self, call: ClaimCall, /) -> Taken:
        self.claims += 1
        taken = await super().claim(call)
        self.after_claim()
        return taken


class Bench:
    """Where workers claim, over a queue of several partitions."""

    def __init__(self, database: Database) -> None:
        self.office = Office(database, SqlLifecycleStore(database))
        self.clock = self.office.sender.clock
        self.queue = WatchedQueue(fakeredis.FakeAsyncRedis(), clock=self.clock, partition_count=PARTITIONS)
        self.line = WaitingLine()
        self.claiming = Claiming(self.queue, self.office.store, self.line, self.clock)

    async def accept(self, lane: str = LANE, conversation: str = CONVERSATION) -> TaskId:
        sender = self.office.sender
        asked = sender.asks(sender.new_id(), conversation=conversation, origin=None, lane=lane)
        await self.office.intake.commit([asked])
        await self.queue.enqueue(await self.office.ledger.as_queued([asked.task_id]))
        return asked.task_id

    async def claim(self, claim: str, wait: timedelta = NO_WAIT, caller: Caller | None = None) -> list:
        return list(await self.claiming.claim("one", ClaimId(claim), 1, wait, caller))


@pytest.fixture
async def bench(sqlite_database: Database) -> AsyncIterator[Bench]:
    made = Bench(sqlite_database)
    yield made
    made.line.close()
    await made.queue.close()


async def test_a_worker_that_hangs_up_while_it_waits_gets_nothing(bench: Bench) -> None:
    caller, tried = Caller(), asyncio.Event()
    bench.queue.after_claim = tried.set
    waiting = asyncio.create_task(bench.claim("c1", MINUTE, caller))
    await tried.wait()
    caller.leave()
    assert await waiting == []
    task_id = await bench.accept()
    bench.line.ring()
    assert [each.task_id for each in await bench.claim("c2")] == [task_id]
    assert bench.queue.claims == 2


async def test_a_worker_that_is_gone_already_is_not_served(bench: Bench) -> None:
    await bench.accept()
    caller = Caller()
    caller.leave()
    assert await bench.claim("c1", MINUTE, caller) == []
    assert bench.queue.claims == 0


async def test_what_the_queue_gave_to_a_worker_that_hung_up_goes_back_unbegun(bench: Bench) -> None:
    task_id = await bench.accept()
    caller = Caller()
    bench.queue.after_claim = caller.leave
    assert await bench.claim("c1", MINUTE, caller) == []
    assert await bench.office.events(task_id) == []
    ((again,),) = [await bench.claim("c2")]
    assert (again.task_id, again.fence) == (task_id, 1)


async def test_what_was_begun_for_a_worker_that_hung_up_is_given_to_the_next(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id = await bench.accept()
    caller, begin = Caller(), bench.claiming.begin

    async def begin_and_lose(worker: str, taken: Taken) -> object:
        found = await begin(worker, taken)
        caller.leave()
        return found

    with monkeypatch.context() as losing:
        losing.setattr(bench.claiming, "begin", begin_and_lose)
        assert await bench.claim("c1", MINUTE, caller) == []
    assert (await bench.office.events(task_id))[-2:] == ["released", "queued"]
    assert await bench.office.task(task_id, "tries", "lost_count") == (0, 0)
    (again,) = await bench.claim("c2")
    assert (again.task_id, again.fence) == (task_id, 2)


async def test_an_attempt_that_is_over_is_not_given_back_twice(bench: Bench) -> None:
    await bench.accept()
    (found,) = await bench.claim("c1")
    finish = Finish(found.task_id, found.fence, Complete({}), "d")
    await bench.office.store.finish(finish, bench.clock())
    await bench.claiming.take_back([found])
    assert await bench.claim("c2") == []


async def test_a_task_behind_one_of_another_partition_is_left_alone_for_a_while(bench: Bench) -> None:
    first, follower = await bench.accept(), await bench.accept(ELSEWHERE)
    (running,) = [found for claim in ("c1", "c2") for found in await bench.claim(claim)]
    assert running.task_id in {first, follower}
    assert (await bench.queue.stats()).delayed == 1
    claims = bench.queue.claims
    asyncio.get_running_loop().call_later(0.2, bench.line.close)
    assert await bench.claim("c3", MINUTE) == []
    assert bench.queue.claims == claims + 2
    finish = Finish(running.task_id, running.fence, Complete({}), "d")
    await bench.office.store.finish(finish, bench.clock())
    await bench.queue.remove([running.task_id])
    bench.office.pass_(MINUTE)
    (other,) = await bench.claim("c4")
    assert {running.task_id, other.task_id} == {first, follower}


def in_lane(lane: str, number: int) -> QueuedTask:
    return QueuedTask(TaskId(f"t{number:03}"), Band.NORMAL, lane, "", NOW)


async def test_a_claim_asked_again_gets_what_it_got_wherever_that_is() -> None:
    queue = RedisTaskQueue(fakeredis.FakeAsyncRedis(), partition_count=PARTITIONS)
    lanes = [f"lane{number}" for number in range(40)]
    for number in range(20):
        await queue.enqueue([in_lane(lanes[number], number)])
        call = ClaimCall(ClaimId(f"c{number}"), 2, MINUTE)
        first = await queue.claim(call)
        assert first.task_ids == [f"t{number:03}"]
        others = [in_lane(lane, 100 + at) for at, lane in enumerate(lanes)]
        await queue.enqueue(others)
        assert await queue.claim(call) == first
        await queue.remove([other.task_id for other in others])
        await queue.remove(first.task_ids)
    await queue.close()


async def test_a_claim_that_was_heard_of_is_no_earlier_claim() -> None:
    queue = RedisTaskQueue(fakeredis.FakeAsyncRedis(), partition_count=PARTITIONS)
    await queue.enqueue([in_lane("a", 1)])
    call = ClaimCall(ClaimId("c"), 1, MINUTE)
    first = await queue.claim(call)
    await queue.extend(first.holdings, MINUTE)
    await queue.enqueue([in_lane("b", 2)])
    assert (await queue.claim(call)).task_ids == ["t002"]
    await queue.close()
