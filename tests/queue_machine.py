"""Random calls to a queue beside the model, which must agree after each."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from redis.asyncio import Redis

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
    Terms,
)
from hookline.queue.layout import moment, partitions
from hookline.queue.redis_queue import RedisTaskQueue
from queue_model import AGE_BOUND, PartitionedModel, Place

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LANES = ("a", "b", "c", "d")
TERMS = {"a": Terms(weight=2.0), "b": Terms(cap=2), "c": Terms(weight=0.5, cap=1), "d": Terms()}
CONVERSATIONS = ("", "u", "uv")
LEASE = timedelta(seconds=10)
MOST = 14

Opener = Callable[[], Redis]


class QueueMachine(RuleBasedStateMachine):
    """Every operation in any order; subclass it with a server and a number of partitions."""

    open_redis: Opener
    partition_count = 1

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.redis = type(self).open_redis()
        self.model = PartitionedModel(NOON, TERMS, self.partition_count)
        self.queue = self.runner.run(self._opened())
        self.numbers = iter(range(1, 10_000))
        self.seen: list[tuple[TaskId, str, ClaimId]] = []

    async def _opened(self) -> RedisTaskQueue:
        await self.redis.flushall()
        return RedisTaskQueue(
            self.redis,
            terms=TERMS.__getitem__,
            partition_count=self.partition_count,
            age_bound=AGE_BOUND,
            clock=lambda: self.model.now,
        )

    def _holdings(self) -> list[tuple[TaskId, str, ClaimId]]:
        """Those that hold a lease, some that did, and one under a claim that nobody made."""
        entries = self.model.entries
        holding = [h for h in self.seen if h[0] in entries and entries[h[0]].claim == h[2]]
        foreign = [(task_id, lane, ClaimId("nobody")) for task_id, lane, _ in holding[-1:]]
        return [*holding[-6:], *self.seen[-3:], *foreign]

    def _fresh_claim(self) -> ClaimId:
        return ClaimId(f"k{next(self.numbers)}")

    @precondition(lambda self: len(self.model.entries) < MOST)
    @rule(
        band=st.sampled_from(Band),
        lane=st.sampled_from(LANES),
        conversation=st.sampled_from(CONVERSATIONS),
        ago=st.integers(0, 2_400),
        due_in=st.none() | st.integers(-5, 30),
    )
    def a_task_comes(self, band: Band, lane: str, conversation: str, ago: int, due_in: int | None) -> None:
        accepted = self.model.now - timedelta(seconds=ago)
        due = None if due_in is None else self.model.now + timedelta(seconds=due_in)
        named = f"{conversation}@{lane}" if conversation else ""
        self._push(QueuedTask(TaskId(f"t{next(self.numbers):04}"), band, lane, named, accepted, due))

    def _push(self, *rows: QueuedTask) -> None:
        for row in rows:
            self.model.enqueue(row)
        self.runner.run(self.queue.enqueue(rows))

    @precondition(lambda self: len(self.model.entries) < MOST - 4)
    @rule(
        rows=st.lists(
            st.tuples(st.sampled_from(Band), st.sampled_from(LANES), st.integers(0, 2_400)),
            min_size=3,
            max_size=4,
        )
    )
    def many_come_and_are_claimed(self, rows: list[tuple[Band, str, int]]) -> None:
        for band, lane, ago in rows:
            self.a_task_comes(band, lane, "", ago, None)
        self._claim(self._fresh_claim(), len(rows))

    @precondition(lambda self: self.model.entries)
    @rule(data=st.data(), due_in=st.none() | st.integers(-5, 30))
    def a_task_is_pushed_again(self, data: st.DataObject, due_in: int | None) -> None:
        row = data.draw(st.sampled_from([e.row for e in self.model.entries.values()]))
        due = None if due_in is None else self.model.now + timedelta(seconds=due_in)
        self._push(replace(row, due_at=due))

    @precondition(lambda self: self.model.entries)
    @rule(data=st.data(), band=st.sampled_from(Band))
    def what_is_asked_is_edited(self, data: st.DataObject, band: Band) -> None:
        entry = data.draw(st.sampled_from([*self.model.entries.values()]))
        self._push(replace(entry.row, band=band, due_at=entry.until if entry.state == "d" else None))

    @precondition(lambda self: any(entry.state == "d" for entry in self.model.entries.values()))
    @rule(data=st.data(), due_in=st.none() | st.integers(-5, 60))
    def one_that_is_not_due_is_pushed_again(self, data: st.DataObject, due_in: int | None) -> None:
        row = data.draw(st.sampled_from([e.row for e in self.model.entries.values() if e.state == "d"]))
        due = None if due_in is None else self.model.now + timedelta(seconds=due_in)
        self._push(replace(row, due_at=due))

    @rule(most=st.integers(1, 4))
    def a_worker_claims(self, most: int) -> None:
        self._claim(self._fresh_claim(), most)

    @precondition(lambda self: self.seen)
    @rule(data=st.data())
    def a_claim_is_asked_again(self, data: st.DataObject) -> None:
        self._claim(data.draw(st.sampled_from(sorted({claim for *_, claim in self.seen}))), 2)

    def _claim(self, claim: ClaimId, most: int) -> None:
        taken = self.runner.run(self.queue.claim(ClaimCall(claim, most, LEASE)))
        self._took(claim, most, list(taken.task_ids))

    def _took(self, claim: ClaimId, most: int, got: list[TaskId]) -> None:
        self.model.check_and_take(claim, most, LEASE, got)
        self._saw(claim, got)

    def _saw(self, claim: ClaimId, got: list[TaskId]) -> None:
        self.seen.extend((task_id, self.model.lanes[task_id], claim) for task_id in got)

    @precondition(lambda self: self.seen)
    @rule(
        data=st.data(),
        is_over=st.booleans(),
        due_in=st.none() | st.integers(-5, 20),
        claims_next=st.booleans(),
    )
    def a_lease_is_settled(
        self, data: st.DataObject, is_over: bool, due_in: int | None, claims_next: bool
    ) -> None:
        self._settle((data.draw(st.sampled_from(self._holdings())), is_over, due_in, claims_next))

    @precondition(lambda self: len({task_id for task_id, *_ in self._holdings()}) > 1)
    @rule(data=st.data())
    def leases_are_settled_at_once(self, data: st.DataObject) -> None:
        held = st.sampled_from(self._holdings())
        each = st.tuples(held, st.booleans(), st.none() | st.integers(-5, 20), st.booleans())
        self._settle(*data.draw(st.lists(each, min_size=2, max_size=4, unique_by=lambda one: one[0][0])))

    def _settle(self, *settled: tuple[tuple[TaskId, str, ClaimId], bool, int | None, bool]) -> None:
        calls: list[tuple[Settlement, ClaimCall | None]] = []
        for held, is_over, due_in, claims_next in settled:
            due = None if due_in is None else self.model.now + timedelta(seconds=due_in)
            then = ClaimCall(self._fresh_claim(), 1, LEASE) if claims_next else None
            calls.append((Settlement(Holding(*held), is_over, due), then))
        answers = self.runner.run(self._settled(calls))
        for (settlement, _), answer in zip(calls, answers, strict=True):
            holding, ends = settlement.holding, (settlement.is_over, settlement.due_at)
            partition = self.model.of_lane(holding.lane)
            assert answer.was_held == partition.settle(holding.task_id, holding.claim_id, *ends)
        for (settlement, then), answer in zip(calls, answers, strict=True):
            if then is not None:
                got = list(answer.taken.task_ids)
                self.model.of_lane(settlement.holding.lane).check_and_take(then.claim_id, 1, LEASE, got)
                self._saw(then.claim_id, got)

    async def _settled(self, calls: list[tuple[Settlement, ClaimCall | None]]) -> list[Settled]:
        return await asyncio.gather(*(self.queue.settle(*call) for call in calls))

    @rule(claims_next=st.booleans())
    def a_worker_ends_what_it_claims(self, claims_next: bool) -> None:
        self.a_worker_claims(1)
        entries = self.model.entries
        for held in self.seen[-1:]:
            if held[0] in entries and entries[held[0]].claim == held[2]:
                self._settle((held, True, None, claims_next))

    @precondition(lambda self: self.seen)
    @rule(data=st.data(), seconds=st.integers(1, 30))
    def leases_are_extended(self, data: st.DataObject, seconds: int) -> None:
        held = st.sampled_from(self._holdings())
        given = data.draw(st.lists(held, min_size=1, max_size=3, unique_by=lambda each: each[0]))
        lease = timedelta(seconds=seconds)
        unknown = self.runner.run(self.queue.extend([Holding(*held) for held in given], lease))
        lost = [held[0] for held in given if not self.model.of_lane(held[1]).extend(held[0], held[2], lease)]
        assert sorted(unknown) == sorted(lost)

    @precondition(lambda self: self.model.entries)
    @rule(data=st.data())
    def a_task_is_taken_out(self, data: st.DataObject) -> None:
        task_id = data.draw(st.sampled_from(sorted(self.model.entries)))
        assert self.runner.run(self.queue.remove([task_id, TaskId("nobody")])) == 1
        self.model.of_task(task_id).forget(task_id)

    @precondition(lambda self: self.model.entries)
    @rule(data=st.data(), seconds=st.integers(1, 20))
    def a_running_task_is_brought_back(self, data: st.DataObject, seconds: int) -> None:
        """The database says that it runs; Redis may know, may have forgotten it, or think that it waits."""
        row = data.draw(st.sampled_from([e.row for e in self.model.entries.values()]))
        lease = Lease(self._fresh_claim(), self.model.now + timedelta(seconds=seconds))
        self._push(replace(row, due_at=None, lease=lease))
        self.seen.append((row.task_id, row.lane, lease.claim_id))

    @rule(scope=st.sampled_from((*LANES, EVERY_LANE)), is_paused=st.booleans())
    def a_scope_is_paused_or_resumed(self, scope: str, is_paused: bool) -> None:
        if is_paused:
            self.model.pause(scope)
            self.runner.run(self.queue.pause(scope))
        else:
            self.model.resume(scope)
            self.runner.run(self.queue.resume(scope))

    @rule(scope=st.sampled_from((*LANES, EVERY_LANE)))
    def a_scope_rests_while_a_worker_asks(self, scope: str) -> None:
        self.a_scope_is_paused_or_resumed(scope, True)
        self.a_worker_claims(1)
        self.a_scope_is_paused_or_resumed(scope, False)
        self.a_worker_claims(4)

    @rule(seconds=st.sampled_from((0, 1, 4, 11, 700)))
    def time_goes_on(self, seconds: int) -> None:
        self.model.now += timedelta(seconds=seconds, microseconds=1)

    @rule(random=st.randoms(use_true_random=False), order=st.sampled_from(("running first", "last", "any")))
    def everything_is_lost_and_pushed_again(self, random: Random, order: str) -> None:
        self.runner.run(self.redis.flushall())
        rows = [*self.model.wipe()]
        if order == "last":
            rows.reverse()
        elif order == "any":
            random.shuffle(rows)
        self._push(*rows)

    @precondition(lambda self: len(self.model.entries) < MOST)
    @rule(lane=st.sampled_from(LANES), band=st.sampled_from(Band), ago=st.integers(0, 2_400))
    def a_conversation_runs_while_another_comment_comes(self, lane: str, band: Band, ago: int) -> None:
        self.a_task_comes(Band.LOW, lane, "u", ago, None)
        self.a_worker_claims(2)
        self.a_task_comes(band, lane, "u", ago, None)

    @invariant()
    def both_say_the_same(self) -> None:
        stats = self.runner.run(self.queue.stats())
        assert {(d.lane, d.band): d.waiting for d in stats.waiting} == self.model.depth()
        assert dict(stats.running) == self.model.running()
        assert self.runner.run(self._places()) == self.model.places()

    async def _places(self) -> dict[TaskId, Place]:
        found: dict[TaskId, Place] = {}
        for partition in partitions(self.partition_count):
            pipeline = self.redis.pipeline(transaction=False)
            pipeline.hgetall(partition.records)
            for key in partition.keys:
                if key.endswith(":moments"):
                    pipeline.zrange(key, 0, -1, withscores=True)
            tasks, *moments = await pipeline.execute()
            until = {task_id: moment(int(score)) for part in moments for task_id, score in part}
            for field, record in tasks.items():
                if field.startswith(b"t:"):
                    state, lent, task_id = record[:1].decode(), int(record[2:3]), field[2:]
                    found[TaskId(task_id.decode())] = state, lent, until.pop(task_id, None)
            assert not until
        return found

    @invariant()
    def the_parts_belong_together(self) -> None:
        before = self.runner.run(self.redis.dbsize())
        self.runner.run(self.queue.epochs())
        assert self.runner.run(self.redis.dbsize()) >= before

    def teardown(self) -> None:
        try:
            self._drain()
        finally:
            self.runner.run(self.redis.aclose())
            self.runner.close()

    def _drain(self) -> None:
        for scope in (*LANES, EVERY_LANE):
            self.a_scope_is_paused_or_resumed(scope, False)
        while self.model.entries:
            self.model.now += timedelta(minutes=1)
            claim = self._fresh_claim()
            taken = self.runner.run(self.queue.claim(ClaimCall(claim, 5, LEASE)))
            self._took(claim, 5, list(taken.task_ids))
            assert taken.task_ids
            for task_id in taken.task_ids:
                lane = self.model.entries[task_id].row.lane
                settlement = Settlement(Holding(task_id, lane, claim), is_over=True)
                assert self.runner.run(self.queue.settle(settlement, None)).was_held
                self.model.of_task(task_id).forget(task_id)
        self.runner.run(self._nothing_is_left())

    async def _nothing_is_left(self) -> None:
        for key in await self.redis.keys():
            assert key.endswith(b":records"), key
            assert set(await self.redis.hgetall(key)) <= {b"epoch", b"run"}
