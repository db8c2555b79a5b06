"""What every task queue must do, whatever it is made of."""

import asyncio
import itertools
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from hookline.domain.command import Band
from hookline.domain.ids import TaskId
from hookline.domain.queue import (
    EVERY_LANE,
    ClaimCall,
    ClaimId,
    Holding,
    Lease,
    QueuedTask,
    Settled,
    Settlement,
    TaskQueue,
)

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
AGE_BOUND = timedelta(minutes=10)
LANE = "github:octo/app"
MINUTE = timedelta(minutes=1)
_claims = itertools.count(1)


def queued(
    number: int,
    band: Band = Band.NORMAL,
    after: timedelta = timedelta(0),
    lane: str = LANE,
    conversation: str = "",
) -> QueuedTask:
    task_id = TaskId(f"01954f00-0000-7000-8000-{number:012x}")
    return QueuedTask(task_id, band, lane, conversation, NOON + after)


def ids(tasks: Sequence[QueuedTask]) -> list[TaskId]:
    return [task.task_id for task in tasks]


def a_claim(most: int = 1, lease: timedelta = MINUTE) -> ClaimCall:
    return ClaimCall(ClaimId(f"claim-{next(_claims)}"), most, lease)


async def claimed(queue: TaskQueue, most: int = 1) -> tuple[ClaimId, list[TaskId]]:
    call = a_claim(most)
    return call.claim_id, list((await queue.claim(call)).task_ids)


async def done(queue: TaskQueue, task_id: TaskId, claim_id: ClaimId, lane: str = LANE) -> Settled:
    return await queue.settle(Settlement(Holding(task_id, lane, claim_id), is_over=True), None)


async def drained(queue: TaskQueue, lane: str = LANE) -> list[TaskId]:
    """All tasks that may run, in the order in which they are given out when each ends before the next."""
    found: list[TaskId] = []
    while True:
        claim_id, got = await claimed(queue)
        if not got:
            return found
        found += got
        assert (await done(queue, got[0], claim_id, lane)).was_held


class QueueContract(ABC):
    """Subclass it as `Test…` and say how to open an empty queue with the contract's age bound."""

    @abstractmethod
    def opened(self) -> AbstractAsyncContextManager[TaskQueue]:
        """An empty queue, closed at the end."""

    @abstractmethod
    async def wipe(self, queue: TaskQueue) -> None:
        """Take all of the server's data away."""

    def beside(self, lane: str) -> str:
        """Another lane of the same partition."""
        return f"beside {lane}"

    @pytest.fixture
    async def queue(self) -> AsyncIterator[TaskQueue]:
        async with self.opened() as queue:
            yield queue

    async def test_an_empty_queue_names_every_band(self, queue: TaskQueue) -> None:
        assert await queue.depth() == dict.fromkeys(Band, 0)
        assert await drained(queue) == []
        assert (await queue.claim(a_claim())).look_again_in is None

    async def test_inside_a_band_it_is_first_in_first_out(self, queue: TaskQueue) -> None:
        tasks = [queued(number, after=timedelta(microseconds=number)) for number in range(1, 30)]
        await queue.enqueue(tasks[::-1])
        assert (await claimed(queue, 3))[1] == ids(tasks[:3])
        assert await drained(queue) == ids(tasks[3:])

    async def test_accepted_at_once_they_go_by_id(self, queue: TaskQueue) -> None:
        tasks = [queued(number) for number in range(1, 9)]
        await queue.enqueue(tasks[::-1])
        assert await drained(queue) == ids(tasks)

    async def test_a_better_band_overtakes_only_within_the_age_bound(self, queue: TaskQueue) -> None:
        old = queued(1, Band.NORMAL)
        just_within = queued(2, Band.HIGH, AGE_BOUND - timedelta(milliseconds=1))
        just_beyond = queued(3, Band.HIGH, AGE_BOUND + timedelta(milliseconds=1))
        critical = queued(4, Band.CRITICAL, 2 * AGE_BOUND - timedelta(milliseconds=1))
        await queue.enqueue([just_beyond, old, just_within])
        assert (await claimed(queue))[1] == ids([just_within])
        await queue.enqueue([critical])
        assert await drained(queue) == ids([critical, old, just_beyond])

    async def test_a_claim_of_many_gives_each_its_turn(self, queue: TaskQueue) -> None:
        other = self.beside(LANE)
        soon, late = queued(1, Band.CRITICAL), queued(2, Band.CRITICAL, 2 * AGE_BOUND)
        old = queued(3, Band.HIGH, MINUTE, lane=other)
        await queue.enqueue([late, soon, old])
        assert (await claimed(queue, 3))[1] == ids([soon, old, late])

    async def test_lanes_take_turns_within_a_claim_of_many(self, queue: TaskQueue) -> None:
        lanes = sorted((LANE, self.beside(LANE)))
        tasks = [queued(number, lane=lanes[number % 2]) for number in range(8)]
        await queue.enqueue(tasks)
        assert (await claimed(queue, 8))[1] == ids(tasks)

    async def test_the_same_task_twice_is_one_task(self, queue: TaskQueue) -> None:
        first, second = queued(1), queued(2, after=timedelta(seconds=1))
        await queue.enqueue([first, second, first])
        await queue.enqueue([second, first])
        assert (await queue.depth())[Band.NORMAL] == 2
        assert await drained(queue) == ids([first, second])

    async def test_a_task_that_is_in_keeps_its_place(self, queue: TaskQueue) -> None:
        first, second = queued(1), queued(2, after=timedelta(seconds=1))
        await queue.enqueue([first, second])
        await queue.enqueue([queued(1, after=timedelta(hours=1))])
        assert await queue.depth() == {**dict.fromkeys(Band, 0), Band.NORMAL: 2}
        assert await drained(queue) == ids([first, second])

    async def test_a_task_that_is_in_takes_another_band(self, queue: TaskQueue) -> None:
        first, second, third = (queued(number, after=timedelta(seconds=number)) for number in range(3))
        await queue.enqueue([first, second, third])
        await queue.enqueue([queued(0, Band.LOW), queued(2, Band.HIGH, timedelta(hours=1))])
        assert await queue.depth() == {**dict.fromkeys(Band, 1), Band.CRITICAL: 0}
        assert await drained(queue) == ids([third, second, first])

    async def test_what_is_first_of_a_conversation_stays_so_with_another_band(self, queue: TaskQueue) -> None:
        first, follower = queued(1, conversation="c"), queued(2, conversation="c")
        await queue.enqueue([first, follower])
        await queue.enqueue([replace(first, band=Band.LOW)])
        assert await drained(queue) == ids([first, follower])

    async def test_lent_priority_is_taken_back_with_the_one_that_lent_it(self, queue: TaskQueue) -> None:
        low, critical = queued(1, Band.LOW, conversation="c"), queued(2, Band.CRITICAL, conversation="c")
        other, further = queued(3, Band.HIGH), queued(4, Band.CRITICAL, conversation="c")
        await queue.enqueue([low, critical, other])
        await queue.remove([critical.task_id])
        assert (await claimed(queue, 1))[1] == ids([other])
        await queue.enqueue([further, queued(5, Band.HIGH)])
        await queue.enqueue([replace(further, band=Band.LOW)])
        assert (await claimed(queue, 1))[1] == ids([queued(5)])

    async def test_removing_tells_how_many_were_in(self, queue: TaskQueue) -> None:
        tasks = [queued(number, Band(number % 4)) for number in range(8)]
        await queue.enqueue(tasks)
        assert await queue.remove([*ids(tasks[:3]), TaskId("unknown"), tasks[0].task_id]) == 3
        assert await queue.remove(ids(tasks[:3])) == 0
        assert await queue.remove([]) == 0
        assert sum((await queue.depth()).values()) == 5
        assert set(await drained(queue)) == set(ids(tasks[3:]))

    async def test_a_removed_task_may_come_back_elsewhere(self, queue: TaskQueue) -> None:
        await queue.enqueue([queued(1), queued(2)])
        await queue.remove([queued(1).task_id])
        await queue.enqueue([queued(1, Band.LOW)])
        assert await queue.depth() == {**dict.fromkeys(Band, 0), Band.NORMAL: 1, Band.LOW: 1}
        assert await drained(queue) == ids([queued(2), queued(1)])

    async def test_more_than_one_batch_is_taken_whole(self, queue: TaskQueue) -> None:
        tasks = [queued(number, Band(number % 4)) for number in range(2_300)]
        epochs = await queue.enqueue(tasks)
        assert len(epochs) == 2_300
        assert await queue.depth() == dict.fromkeys(Band, 575)
        assert (await claimed(queue, 576))[1] == ids([*tasks[::4], tasks[1]])
        assert await queue.remove(ids(tasks)) == 2_300
        assert await queue.depth() == dict.fromkeys(Band, 0)

    async def test_concurrent_pushes_of_the_same_tasks_are_one(self, queue: TaskQueue) -> None:
        tasks = [queued(number) for number in range(50)]
        epochs = await asyncio.gather(*(queue.enqueue(tasks[start:]) for start in range(20)))
        assert len({epoch for each in epochs for epoch in each}) == 1
        assert await drained(queue) == ids(tasks)

    async def test_no_two_claims_get_the_same_task(self, queue: TaskQueue) -> None:
        tasks = [queued(number) for number in range(60)]
        await queue.enqueue(tasks)
        got = await asyncio.gather(*(claimed(queue, 4) for _ in range(20)))
        assert sorted(task_id for _, each in got for task_id in each) == ids(tasks)

    async def test_a_claim_whose_answer_was_lost_is_asked_again(self, queue: TaskQueue) -> None:
        await queue.enqueue([queued(number) for number in range(4)])
        call = a_claim(2)
        first = await queue.claim(call)
        assert (await queue.claim(call)).task_ids == first.task_ids
        assert len(first.task_ids) == 2

    async def test_only_the_claim_that_holds_a_task_ends_its_lease(self, queue: TaskQueue) -> None:
        await queue.enqueue([queued(1)])
        claim_id, (task_id,) = await claimed(queue)
        assert not (await done(queue, task_id, ClaimId("another"))).was_held
        assert not (await done(queue, TaskId("unknown"), claim_id)).was_held
        assert (await done(queue, task_id, claim_id)).was_held
        assert not (await done(queue, task_id, claim_id)).was_held

    async def test_leases_that_are_settled_at_once_bring_each_its_own(self, queue: TaskQueue) -> None:
        await queue.enqueue([queued(number) for number in range(20)])
        held = (await queue.claim(a_claim(10))).holdings
        foreign = replace(held[0], claim_id=ClaimId("nobody"))
        settlements = [Settlement(each, is_over=number % 2 == 0) for number, each in enumerate(held)]
        answers = await asyncio.gather(
            queue.settle(Settlement(foreign, is_over=True), None),
            *(queue.settle(settlement, a_claim()) for settlement in settlements),
        )
        assert [answer.was_held for answer in answers] == [False] + [True] * 10
        given = [task_id for answer in answers for task_id in answer.taken.task_ids]
        assert len(set(given)) == 10
        over = {each.holding.task_id for each in settlements if each.is_over}
        assert not over & set(given)
        rest = await drained(queue)
        assert {*given, *rest, *over} == set(ids([queued(number) for number in range(20)]))
        assert not set(rest) & set(given)

    async def test_a_settled_lease_brings_the_next_task_at_once(self, queue: TaskQueue) -> None:
        await queue.enqueue([queued(1), queued(2)])
        claim_id, (task_id,) = await claimed(queue)
        settled = await queue.settle(Settlement(Holding(task_id, LANE, claim_id), is_over=True), a_claim())
        assert list(settled.taken.task_ids) == ids([queued(2)])

    async def test_a_task_that_comes_again_later_is_told_when(self, queue: TaskQueue) -> None:
        await queue.enqueue([queued(1)])
        claim_id, (task_id,) = await claimed(queue)
        due = datetime.now(UTC) + timedelta(hours=1)
        holding = Holding(task_id, LANE, claim_id)
        settled = await queue.settle(Settlement(holding, is_over=False, due_at=due), a_claim())
        assert settled.was_held
        assert settled.taken.task_ids == []
        assert timedelta(minutes=59) < (settled.taken.look_again_in or timedelta(0)) < timedelta(minutes=61)

    async def test_of_a_conversation_one_at_a_time_is_given_out(self, queue: TaskQueue) -> None:
        first, second = queued(1, conversation="c"), queued(2, Band.CRITICAL, conversation="c")
        other = queued(3, Band.HIGH)
        await queue.enqueue([first, second, other])
        claim_id, got = await claimed(queue, 3)
        assert got == ids([first, other])
        assert (await claimed(queue))[1] == []
        await done(queue, first.task_id, claim_id)
        assert (await claimed(queue))[1] == ids([second])

    async def test_lanes_take_turns(self, queue: TaskQueue) -> None:
        flood = [queued(number, lane="noisy") for number in range(20)]
        quiet = [queued(number, after=MINUTE, lane=self.beside("noisy")) for number in range(100, 103)]
        await queue.enqueue([*flood, *quiet])
        got = (await claimed(queue, 6))[1]
        assert set(ids(quiet)) < set(got)

    async def test_a_paused_lane_gives_out_nothing_and_keeps_its_order(self, queue: TaskQueue) -> None:
        tasks, other = [queued(1), queued(2)], queued(3, Band.LOW, lane="other")
        await queue.enqueue(tasks)
        await queue.pause(LANE)
        await queue.enqueue([other])
        assert (await claimed(queue, 5))[1] == ids([other])
        await queue.resume(LANE)
        assert (await claimed(queue, 5))[1] == ids(tasks)

    async def test_a_paused_queue_gives_out_nothing(self, queue: TaskQueue) -> None:
        await queue.enqueue([queued(1)])
        await queue.pause(EVERY_LANE)
        assert (await claimed(queue))[1] == []
        await queue.resume(EVERY_LANE)
        assert (await claimed(queue))[1] == ids([queued(1)])

    async def test_a_running_task_is_brought_back_under_its_lease(self, queue: TaskQueue) -> None:
        claim_id, ends = ClaimId("before the wipe"), datetime.now(UTC) + MINUTE
        running = queued(1, conversation="c")
        behind = queued(2, conversation="c")
        restored = QueuedTask(
            running.task_id, running.band, LANE, "c", running.accepted_at, lease=Lease(claim_id, ends)
        )
        await queue.enqueue([behind, restored])
        assert (await claimed(queue, 2))[1] == []
        holding = Holding(running.task_id, LANE, claim_id)
        assert await queue.extend([holding], MINUTE) == []
        assert await queue.extend([Holding(running.task_id, LANE, ClaimId("x"))], MINUTE) == [running.task_id]
        assert (await done(queue, running.task_id, claim_id)).was_held
        assert (await claimed(queue, 2))[1] == ids([behind])

    async def test_what_waits_and_runs_is_told_by_lane(self, queue: TaskQueue) -> None:
        await queue.enqueue([queued(1), queued(2, Band.HIGH)])
        await claimed(queue)
        await queue.enqueue([queued(3, lane="other")])
        stats = await queue.stats()
        told = [(each.lane, each.band, each.waiting, each.oldest_accepted_at) for each in stats.waiting]
        assert told == [(LANE, Band.NORMAL, 1, NOON), ("other", Band.NORMAL, 1, NOON)]
        assert stats.running == {LANE: 1}

    async def test_all_that_is_in_is_told_part_by_part(self, queue: TaskQueue) -> None:
        tasks = [queued(number) for number in range(700)]
        await queue.enqueue(tasks)
        await claimed(queue, 5)
        cursor, found = await queue.held(0, 100)
        while cursor:
            cursor, more = await queue.held(cursor, 100)
            found = [*found, *more]
        assert set(found) == set(ids(tasks))

    async def test_the_epoch_stays_while_the_data_does(self, queue: TaskQueue) -> None:
        before = await queue.epochs()
        assert await queue.enqueue([]) == []
        assert frozenset(await queue.enqueue([queued(1)])) <= before
        await queue.remove([queued(1).task_id])
        assert await queue.epochs() == before

    async def test_a_wipe_begins_another_epoch(self, queue: TaskQueue) -> None:
        (before,) = await queue.enqueue([queued(1)])
        await self.wipe(queue)
        (after,) = await queue.enqueue([queued(2)])
        assert after != before
        assert await drained(queue) == ids([queued(2)])
        await self.wipe(queue)
        assert not await queue.epochs() & {before, after}

    async def test_names_may_hold_anything(self, queue: TaskQueue) -> None:
        odd = "a\x00b\x01c\x1fd \u2028 {q1} \U0001f600" + "x" * 300
        await queue.enqueue([queued(1, lane=odd, conversation=odd), queued(2, lane=odd, conversation=odd)])
        assert await drained(queue, odd) == ids([queued(1), queued(2)])
        assert (await queue.stats()).waiting == []
