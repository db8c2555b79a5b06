"""The desk over a real database and queue: claims, signs of life and ends, with losses in between."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import fakeredis
import pytest
from prometheus_client import CollectorRegistry

from hookline.core.claiming import Assignment, Claiming
from hookline.core.leases import LEASE, CallOffs, Leases
from hookline.core.metrics import Metrics
from hookline.core.reaper import Reaper
from hookline.core.relay import Relay
from hookline.core.tokens import hash_of
from hookline.core.waiting_line import WaitingLine
from hookline.domain.errors import QueueUnavailableError, StorageUnavailableError
from hookline.domain.ids import TaskId
from hookline.domain.lifecycle import Complete, Fail, Finished, Held, Lost, Release, Start
from hookline.domain.queue import Changed, ClaimId
from hookline.domain.rules import Plan
from hookline.domain.task import TaskState
from hookline.domain.workers import WorkLease
from hookline.queue.redis_queue import RedisTaskQueue
from hookline.storage.database import Database
from hookline.storage.lifecycle import SqlLifecycleStore
from hookline.storage.workers import SqlLeaseReader
from lives import Office
from submissions import PLAN

FOLDS = replace(PLAN, folds=True)
NO_WAIT = timedelta(0)
MINUTE = timedelta(minutes=1)


class Desk:
    """A desk with everything around it, on one clock."""

    def __init__(self, database: Database, lease: timedelta = LEASE) -> None:
        self.office = Office(database, SqlLifecycleStore(database))
        clock = self.office.sender.clock
        self.redis = fakeredis.FakeAsyncRedis()
        self.queue = RedisTaskQueue(self.redis, clock=clock)
        self.line, self.call_offs = WaitingLine(), CallOffs()
        self.claiming = Claiming(self.queue, self.office.store, self.line, clock)
        self.leases = Leases(
            *(self.queue, self.office.store, self.office.ledger, self.claiming, self.call_offs, clock),
            lease=lease,
        )
        self.reader = SqlLeaseReader(database)

        async def on_duty() -> bool:
            return True

        metrics = Metrics(CollectorRegistry())
        self.relay = Relay(self.queue, self.office.ledger, metrics, lambda: clock() + MINUTE, on_duty)
        self.reaper = Reaper(self.office.store, self, clock, on_duty)
        self.changes: list[Changed] = []

    def take(self, changed: Changed) -> None:
        self.changes.append(changed)

    async def accept(self, conversation: str, plan: Plan = PLAN) -> TaskId:
        task_id = await self.office.accept(conversation, plan=plan)
        await self.queue.enqueue(await self.office.ledger.as_queued([task_id]))
        return task_id

    async def claim(self, worker: str = "one", claim: str = "c1", most: int = 1) -> list[Assignment]:
        return list(await self.claiming.claim(worker, ClaimId(claim), most, NO_WAIT))

    async def lease(self, assignment: Assignment) -> WorkLease:
        digest = hash_of(assignment.lease_token)
        return (await self.reader.by_leases([digest]))[digest]

    async def held(self) -> set[TaskId]:
        return set((await self.queue.held(0, 100))[1])


@pytest.fixture
async def desk(database: Database) -> AsyncIterator[Desk]:
    made = Desk(database)
    yield made
    made.line.close()
    await made.queue.close()


async def test_a_task_is_claimed_kept_and_completed(desk: Desk) -> None:
    task_id = await desk.accept("a")
    (assigned,) = await desk.claim()
    lease = await desk.lease(assigned)
    assert (lease.task_id, lease.fence, lease.worker) == (task_id, 1, "one")
    (beat,) = await desk.leases.beat([lease], NO_WAIT)
    assert isinstance(beat, Held)
    ended = await desk.leases.finish(lease, Complete({}), "d", None)
    assert isinstance(ended.answer, Finished)
    assert ended.answer.state is TaskState.SUCCEEDED
    assert await desk.held() == set()


async def test_a_finish_brings_the_next_task_with_its_own_tokens(desk: Desk) -> None:
    first, second = await desk.accept("a"), await desk.accept("b")
    (assigned,) = await desk.claim()
    then = desk.claiming.call(ClaimId("c2"), 1)
    ended = await desk.leases.finish(await desk.lease(assigned), Complete({}), "d", then)
    (following,) = ended.next
    assert (assigned.task_id, following.task_id) == (first, second)
    assert (await desk.lease(following)).claim_id == "c2"


async def test_a_lost_answer_of_a_claim_is_repeated_with_the_same_attempt(desk: Desk) -> None:
    await desk.accept("a")
    (first,), (again,) = await desk.claim(), await desk.claim()
    assert (first.task_id, first.fence) == (again.task_id, again.fence)
    assert hash_of(first.lease_token) not in await desk.reader.by_leases([hash_of(first.lease_token)])


async def test_a_worker_that_died_loses_its_task_to_another(desk: Desk) -> None:
    await desk.accept("a")
    (assigned,) = await desk.claim()
    lost = await desk.lease(assigned)
    await desk.leases.beat([lost], NO_WAIT)
    desk.office.pass_(2 * MINUTE)
    (again,) = await desk.claim("two", "c2")
    assert (again.task_id, again.fence) == (assigned.task_id, 2)
    (beat,) = await desk.leases.beat([lost], NO_WAIT)
    assert isinstance(beat, Lost)
    assert (beat.holder, beat.holder_fence) == ("two", 2)
    assert isinstance((await desk.leases.finish(lost, Complete({}), "d", None)).answer, Lost)
    ended = await desk.leases.finish(await desk.lease(again), Complete({}), "d", None)
    assert isinstance(ended.answer, Finished)


async def test_what_runs_goes_on_when_redis_forgot_it_and_is_not_started_twice(desk: Desk) -> None:
    task_id, follower = await desk.accept("a"), await desk.accept("a")
    (assigned,) = await desk.claim()
    await desk.redis.flushall()
    assert await desk.relay.relay_once() == 2
    assert await desk.claim("two", "c2", 5) == []
    (beat,) = await desk.leases.beat([await desk.lease(assigned)], NO_WAIT)
    assert isinstance(beat, Held)
    assert isinstance(
        (await desk.leases.finish(await desk.lease(assigned), Complete({}), "d", None)).answer, Finished
    )
    assert await desk.held() == {follower}
    assert [each.task_id for each in await desk.claim("two", "c3")] == [follower]
    assert task_id != follower


async def test_a_heartbeat_brings_back_what_redis_forgot(desk: Desk) -> None:
    task_id = await desk.accept("a")
    (assigned,) = await desk.claim()
    await desk.redis.flushall()
    await desk.leases.beat([await desk.lease(assigned)], NO_WAIT)
    assert await desk.held() == {task_id}
    assert (await desk.queue.stats()).running != {}


async def test_a_follower_that_redis_gave_out_too_early_is_parked(desk: Desk) -> None:
    first, follower = await desk.accept("a"), await desk.accept("a")
    (assigned,) = await desk.claim()
    await desk.redis.flushall()
    await desk.queue.enqueue(await desk.office.ledger.as_queued([follower]))
    assert await desk.claim("two", "c2") == []
    assert await desk.held() == {first, follower}
    await desk.leases.finish(await desk.lease(assigned), Complete({}), "d", None)
    assert [each.task_id for each in await desk.claim("two", "c3")] == [follower]


async def test_a_task_that_was_cancelled_meanwhile_leaves_the_queue(desk: Desk) -> None:
    task_id = await desk.accept("a")
    await desk.office.store.cancel([task_id], "asked", desk.office.now)
    assert await desk.claim() == []
    assert await desk.held() == set()


async def test_what_was_folded_leaves_the_queue_although_that_was_not_told(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *follow_ups = [await desk.accept("a", FOLDS) for _ in range(3)]

    async def gone(_task_ids: Sequence[TaskId]) -> int:
        raise QueueUnavailableError("gone")

    with monkeypatch.context() as without:
        without.setattr(desk.queue, "remove", gone)
        (assigned,) = await desk.claim()
    assert assigned.task_id == first
    assert await desk.held() == {first, *follow_ups}
    await desk.leases.finish(await desk.lease(assigned), Complete({}), "d", None)
    assert await desk.claim("two", "c2") == []
    assert await desk.claim("two", "c3") == []
    assert await desk.held() == set()
    assert [await desk.office.attempts(task_id, "fence") for task_id in follow_ups] == [[], []]


async def test_a_retry_comes_when_it_is_due(desk: Desk) -> None:
    await desk.accept("a")
    (assigned,) = await desk.claim()
    retry = Fail("flaky", desk.office.now + MINUTE)
    await desk.leases.finish(await desk.lease(assigned), retry, "d", None)
    assert await desk.claim(claim="c2") == []
    desk.office.pass_(2 * MINUTE)
    assert [each.fence for each in await desk.claim(claim="c3")] == [2]


async def test_what_is_given_back_is_given_to_another(desk: Desk) -> None:
    await desk.accept("a")
    (assigned,) = await desk.claim()
    await desk.leases.finish(await desk.lease(assigned), Release("ending"), "d", None)
    assert [each.fence for each in await desk.claim("two", "c2")] == [2]


async def test_without_a_database_the_tasks_go_back(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    task_id = await desk.accept("a")

    async def gone(_starts: Sequence[Start], _now: datetime) -> None:
        raise StorageUnavailableError("gone")

    with monkeypatch.context() as without:
        without.setattr(desk.office.store, "start", gone)
        with pytest.raises(StorageUnavailableError):
            await desk.claim()
    assert [each.task_id for each in await desk.claim(claim="c2")] == [task_id]


async def test_the_reaper_queues_again_what_nobody_claims(desk: Desk) -> None:
    task_id = await desk.accept("a")
    await desk.claim()
    desk.office.pass_(MINUTE)
    await desk.reaper.reap_once()
    assert [[task.task_id for task in changed.queued] for changed in desk.changes] == [[task_id]]


async def test_a_heartbeat_waits_no_longer_than_its_lease_can_bear(database: Database) -> None:
    desk = Desk(database, lease=timedelta(seconds=0.2))
    await desk.accept("a")
    (assigned,) = await desk.claim()
    async with asyncio.timeout(20):
        (beat,) = await desk.leases.beat([await desk.lease(assigned)], MINUTE)
    assert isinstance(beat, Held)
    await desk.queue.close()


async def test_a_cancel_wakes_the_heartbeat_that_waits(desk: Desk) -> None:
    await desk.accept("a")
    (assigned,) = await desk.claim()
    lease = await desk.lease(assigned)
    with desk.call_offs.listening([lease.task_id]) as told:
        await desk.office.store.cancel([lease.task_id], "asked", desk.office.now)
        desk.call_offs.tell(lease.task_id)
        assert told.is_set()
    (beat,) = await desk.leases.beat([lease], timedelta(minutes=5))
    assert isinstance(beat, Held)
    assert beat.is_cancelled
