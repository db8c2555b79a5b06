"""What every `LifecycleStore` must do when tasks are started and their leases extended or lost."""

from abc import ABC, abstractmethod
from datetime import timedelta

import pytest

from hookline.domain.ids import TaskId
from hookline.domain.lifecycle import (
    Beat,
    Defer,
    Fail,
    Fence,
    Held,
    LifecycleStore,
    LifeLimits,
    Lost,
    Over,
    Parked,
    Run,
    Wait,
)
from hookline.domain.queue import ClaimId, Lease, QueuedTask, QueueEpoch
from hookline.domain.task import TaskState
from hookline.storage.database import Database
from hookline.storage.models import PauseRow
from lives import LEASE, SECOND, Office, changed
from submissions import CONVERSATION, LANE

OTHER = f"{LANE}#13"
LIMITS = LifeLimits(most_tries=3, most_losses=2, most_unclaimed=8)
UNKNOWN = TaskId("0195d000-0000-7000-8000-000000000000")


class LifeTests(ABC):
    """Gives the tests of a contract their office."""

    @abstractmethod
    def store(self, database: Database, limits: LifeLimits) -> LifecycleStore:
        """Make the store under test."""

    @pytest.fixture
    def office(self, database: Database) -> Office:
        return Office(database, self.store(database, LIMITS))


class StartContract(LifeTests):
    """Who may run a task, and what everybody else is told."""

    async def test_a_queued_task_runs_under_a_lease(self, office: Office) -> None:
        task_id = await office.accept()
        claim = office.claim(task_id, "one", "c1")
        assert await office.start(claim) == [Run(task_id, Fence(1), office.now + LEASE)]
        held = await office.task(task_id, "state", "fence", "holder", "lease_ends_at")
        assert held == ("running", 1, "one", office.now + LEASE)
        names = ("fence", "worker", "claim_id", "lease_hash", "tool_hash", "started_at")
        made = [(1, "one", "c1", claim.lease_hash, claim.tool_hash, office.now)]
        assert await office.attempts(task_id, *names) == made
        assert await office.attempts(task_id, "confirmed_at", "ended_at", "outcome") == [(None, None, None)]
        (fact,) = await office.facts(task_id)
        assert fact[:2] == ("task.started", 1)
        assert fact[2]["worker"] == "one"

    async def test_nothing_is_started_where_nothing_is_asked(self, office: Office) -> None:
        assert await office.start() == []
        assert await office.store.extend([], LEASE, office.now) == []
        assert await office.store.cancel([], "asked", office.now) == changed()
        assert await office.store.redrive([], "asked", office.now) == changed()

    async def test_an_unknown_task_is_over(self, office: Office) -> None:
        assert await office.start_one(UNKNOWN) == Over(UNKNOWN, None)

    async def test_the_same_claim_gets_the_same_attempt_with_new_tokens(self, office: Office) -> None:
        task_id = await office.accept()
        first = await office.run(task_id, claim="c1")
        office.pass_(SECOND)
        again = office.claim(task_id, claim="c1")
        assert await office.start(again) == [first]
        tokens = [(1, again.lease_hash, again.tool_hash)]
        assert await office.attempts(task_id, "fence", "lease_hash", "tool_hash") == tokens
        assert await office.events(task_id) == ["started"]

    async def test_the_same_claim_too_late_holds_the_lease_anew(self, office: Office) -> None:
        task_id = await office.accept()
        first = await office.run(task_id, claim="c1")
        office.pass_(2 * LEASE)
        assert await office.run(task_id, claim="c1") == Run(task_id, first.fence, office.now + LEASE)
        assert (await office.task(task_id, "lease_ends_at")) == (office.now + LEASE,)

    async def test_a_claim_of_another_worker_is_never_the_same(self, office: Office) -> None:
        task_id = await office.accept()
        await office.run(task_id, "one", "c1")
        assert await office.start_one(task_id, "two", "c1") == Over(task_id, TaskState.RUNNING)

    async def test_a_task_that_runs_is_not_started_again(self, office: Office) -> None:
        task_id = await office.accept()
        first, second = office.claim(task_id, "one"), office.claim(task_id, "two")
        answers = await office.start(first, second)
        assert answers == [Run(task_id, Fence(1), office.now + LEASE), Over(task_id, TaskState.RUNNING)]
        assert await office.start_one(task_id, "three") == Over(task_id, TaskState.RUNNING)

    @pytest.mark.parametrize("state", ["authorizing", "waiting", "succeeded", "failed", "cancelled", "dead"])
    async def test_what_cannot_run_is_over(self, office: Office, state: str) -> None:
        task_id = await office.accept()
        await office.change(task_id, state=state)
        assert await office.start_one(task_id) == Over(task_id, TaskState(state))
        assert await office.task(task_id, "state", "fence") == (state, 0)
        assert await office.facts(task_id) == []

    @pytest.mark.parametrize("state", ["queued", "scheduled"])
    async def test_what_is_due_later_is_deferred(self, office: Office, state: str) -> None:
        task_id = await office.accept()
        due_at = office.now + SECOND
        await office.change(task_id, state=state, due_at=due_at)
        assert await office.start_one(task_id) == Defer(task_id, due_at)
        office.pass_(SECOND)
        assert isinstance(await office.start_one(task_id), Run)
        assert await office.task(task_id, "due_at") == (None,)

    async def test_a_scheduled_task_without_a_moment_runs(self, office: Office) -> None:
        task_id = await office.accept()
        await office.change(task_id, state="scheduled")
        assert isinstance(await office.start_one(task_id), Run)

    async def test_what_should_be_cancelled_is_cancelled_instead(self, office: Office) -> None:
        task_id = await office.accept(open_key="open")
        await office.change(task_id, cancel_requested_at=office.now)
        assert await office.start_one(task_id) == Over(task_id, TaskState.CANCELLED)
        assert await office.task(task_id, "state", "finished_at", "fence") == ("cancelled", office.now, 0)
        assert await office.events(task_id) == ["cancelled"]
        assert await office.keys() == {}

    @pytest.mark.parametrize("scope", ["*", LANE, None])
    async def test_what_is_paused_is_asked_about_later(self, office: Office, scope: str | None) -> None:
        task_id = await office.accept()
        async with office.database.write() as connection:
            if scope is not None:
                await connection.execute(PauseRow.__table__.insert().values(scope=scope, since=office.now))
        if scope is None:
            await office.change(task_id, paused_at=office.now)
        later = office.now + LIMITS.paused_for
        assert await office.start_one(task_id) == Defer(task_id, later)
        assert await office.task(task_id, "state", "fence") == ("queued", 0)

    async def test_another_lane_s_pause_holds_nothing_back(self, office: Office) -> None:
        task_id = await office.accept()
        async with office.database.write() as connection:
            await connection.execute(PauseRow.__table__.insert().values(scope="x", since=office.now))
        assert isinstance(await office.start_one(task_id), Run)

    async def test_a_conversation_runs_one_task_at_a_time(self, office: Office) -> None:
        first, second, elsewhere = await office.accept(), await office.accept(), await office.accept(OTHER)
        (accepted_at, band) = await office.task(first, "accepted_at", "band")
        claims = [office.claim(first, claim="c1"), office.claim(second), office.claim(elsewhere)]
        answers = await office.start(*claims)
        lease = Lease(ClaimId("c1"), office.now + LEASE)
        behind = QueuedTask(first, band, LANE, CONVERSATION, accepted_at, lease=lease)
        assert answers[1] == Parked(second, behind)
        assert [type(answer) for answer in answers] == [Run, Parked, Run]
        assert await office.start_one(second) == Parked(second, behind)
        assert await office.task(second, "state", "queued_reason") == ("queued", f"behind {first}")
        assert await office.facts(second) == [("task.parked", None, {"behind": first})]

    async def test_whom_it_is_parked_behind_may_be_cancelled(self, office: Office) -> None:
        first = await office.running()
        second = await office.accept()
        await office.store.cancel([first.task_id], "asked", office.now)
        answer = await office.start_one(second)
        assert isinstance(answer, Parked)
        assert answer.behind.lease is not None
        assert answer.behind.lease.is_cancelled

    async def test_who_waited_runs_when_the_one_before_has_ended(self, office: Office) -> None:
        first = await office.running()
        second = await office.accept()
        assert isinstance(await office.start_one(second), Parked)
        await office.finish(first, Fail("no"))
        assert isinstance(await office.start_one(second), Run)
        assert await office.task(second, "queued_reason") == (None,)

    async def test_a_lost_one_makes_room_for_the_next_of_its_conversation(self, office: Office) -> None:
        first = await office.running()
        second = await office.accept()
        office.pass_(LEASE)
        assert await office.start_one(second) == Run(second, Fence(1), office.now + LEASE)
        lost = await office.task(first.task_id, "state", "holder", "lease_ends_at", "lost_count")
        assert lost == ("queued", None, None, 1)
        assert await office.events(first.task_id) == ["started", "lease_lost", "queued"]
        assert [task.task_id for task in await office.missing()] == [first.task_id]
        assert isinstance(await office.start_one(first.task_id), Parked)

    async def test_a_task_whose_lease_ran_out_is_started_at_once(self, office: Office) -> None:
        first = await office.running()
        office.pass_(LEASE)
        again = await office.start_one(first.task_id, "two")
        assert again == Run(first.task_id, Fence(2), office.now + LEASE)
        outcomes = await office.attempts(first.task_id, "worker", "outcome", "ended_at")
        assert outcomes == [("one", "lost", office.now), ("two", None, None)]
        assert await office.task(first.task_id, "lost_count", "holder") == (1, "two")
        facts = [fact[:2] for fact in await office.facts(first.task_id)]
        assert facts == [
            ("task.started", 1),
            ("task.lease_lost", 1),
            ("task.queued", 1),
            ("task.started", 2),
        ]

    async def test_a_claim_that_was_never_heard_of_is_no_loss(self, office: Office) -> None:
        task_id = await office.accept()
        for fence in range(1, 9):
            run = await office.run(task_id)
            assert run.fence == fence
            office.pass_(LEASE)
        assert await office.task(task_id, "lost_count") == (0,)
        assert await office.attempts(task_id, "outcome") == [("unclaimed",)] * 7 + [(None,)]

    async def test_who_loses_its_lease_too_often_is_dead(self, office: Office) -> None:
        run = await office.running(open_key="open")
        for _ in range(LIMITS.most_losses):
            office.pass_(LEASE)
            run = await office.run(run.task_id)
            await office.beat(run)
        office.pass_(LEASE)
        assert await office.start_one(run.task_id) == Over(run.task_id, TaskState.DEAD)
        assert await office.task(run.task_id, "finished_at", "lost_count") == (office.now, 3)
        assert (await office.events(run.task_id))[-2:] == ["lease_lost", "dead"]
        assert await office.keys() == {}

    async def test_who_should_stop_and_is_lost_is_cancelled(self, office: Office) -> None:
        run = await office.running()
        await office.store.cancel([run.task_id], "asked", office.now)
        office.pass_(LEASE)
        assert await office.start_one(run.task_id) == Over(run.task_id, TaskState.CANCELLED)


class LeaseContract(LifeTests):
    """Signs of life, and what follows when there are none."""

    async def test_a_beat_extends_the_lease_and_confirms_the_attempt(self, office: Office) -> None:
        run = await office.run(await office.accept())
        office.pass_(SECOND)
        heard_at = office.now
        assert await office.beat(run) == Held(run.task_id, run.fence, heard_at + LEASE, is_cancelled=False)
        office.pass_(SECOND)
        assert await office.beat(run) == Held(run.task_id, run.fence, office.now + LEASE, is_cancelled=False)
        assert await office.task(run.task_id, "lease_ends_at") == (office.now + LEASE,)
        assert await office.attempts(run.task_id, "confirmed_at") == [(heard_at,)]
        assert await office.events(run.task_id) == ["started"]

    async def test_a_beat_tells_that_it_should_stop(self, office: Office) -> None:
        run = await office.running()
        await office.store.cancel([run.task_id], "asked", office.now)
        assert await office.beat(run) == Held(run.task_id, run.fence, office.now + LEASE, is_cancelled=True)

    async def test_a_lease_that_nobody_took_may_still_be_extended(self, office: Office) -> None:
        run = await office.running()
        office.pass_(10 * LEASE)
        assert isinstance(await office.beat(run), Held)
        assert await office.store.reap(10, office.now) == changed()

    async def test_many_beats_are_answered_in_their_order(self, office: Office) -> None:
        runs = [await office.running(f"{LANE}#{number}") for number in range(5)]
        gone = await office.finish(runs[2], Fail("no"))
        beats = [Beat(run.task_id, run.fence) for run in runs[::-1]]
        beats.append(Beat(UNKNOWN, Fence(1)))
        beats.append(Beat(runs[0].task_id, Fence(7)))
        answers = await office.store.extend(beats, 2 * LEASE, office.now)
        until = office.now + 2 * LEASE
        held = [Held(run.task_id, run.fence, until, is_cancelled=False) for run in runs[::-1]]
        held[2] = Lost(gone.task_id, Fence(1), TaskState.FAILED, None, None)
        lost = [
            Lost(UNKNOWN, Fence(1), None, None, None),
            Lost(runs[0].task_id, Fence(7), TaskState.RUNNING, "one", Fence(1)),
        ]
        assert answers == [*held, *lost]

    async def test_a_zombie_learns_who_has_it_now(self, office: Office) -> None:
        zombie = await office.running()
        office.pass_(LEASE)
        await office.run(zombie.task_id, "two")
        ends_at = await office.task(zombie.task_id, "lease_ends_at")
        lost = Lost(zombie.task_id, Fence(1), TaskState.RUNNING, "two", Fence(2))
        office.pass_(SECOND)
        assert await office.beat(zombie) == lost
        assert await office.task(zombie.task_id, "lease_ends_at") == ends_at

    async def test_reaping_queues_what_was_lost(self, office: Office) -> None:
        lost, fresh = await office.running(), await office.run(await office.accept(OTHER))
        office.pass_(LEASE - SECOND)
        await office.beat(fresh)
        office.pass_(SECOND)
        answer = await office.store.reap(10, office.now)
        accepted_at, band = await office.task(lost.task_id, "accepted_at", "band")
        assert answer == changed([QueuedTask(lost.task_id, band, LANE, CONVERSATION, accepted_at)], [], [])
        assert await office.state(fresh.task_id) == "running"
        assert await office.attempts(lost.task_id, "outcome", "left_task") == [("lost", "queued")]
        assert await office.task(lost.task_id, "queued_reason", "queue_epoch") == ("lease_lost", "")
        assert await office.store.reap(10, office.now) == changed()

    async def test_reaping_tells_a_claim_that_was_never_heard_of(self, office: Office) -> None:
        run = await office.run(await office.accept())
        await office.lose(run)
        assert await office.attempts(run.task_id, "outcome") == [("unclaimed",)]
        assert await office.task(run.task_id, "lost_count") == (0,)

    async def test_reaping_cancels_what_should_stop_and_buries_what_is_lost_too_often(
        self, office: Office
    ) -> None:
        stopped, often = await office.running(), await office.running(OTHER)
        await office.store.cancel([stopped.task_id], "asked", office.now)
        await office.change(often.task_id, lost_count=LIMITS.most_losses)
        answer = await office.lose(often)
        assert answer == changed([], [stopped.task_id, often.task_id], [])
        assert await office.state(stopped.task_id) == "cancelled"
        assert await office.state(often.task_id) == "dead"

    async def test_reaping_wakes_what_nobody_answered(self, office: Office) -> None:
        run = await office.running()
        until = office.now + timedelta(hours=1)
        await office.finish(run, Wait("which one?", until))
        assert await office.store.reap(10, until - SECOND) == changed()
        (woken,) = (await office.store.reap(10, until)).queued
        assert (woken.task_id, woken.due_at, woken.lease) == (run.task_id, None, None)
        assert await office.task(run.task_id, "state", "queued_reason") == ("queued", "unanswered")
        assert (await office.events(run.task_id))[-2:] == ["woken", "queued"]
        fact = (await office.facts(run.task_id))[-2]
        assert fact[2] == {"reason": "nobody answered", "question": "which one?"}

    async def test_reaping_takes_the_oldest_first_and_not_more_than_asked(self, office: Office) -> None:
        runs = []
        for number in range(4):
            runs.append(await office.running(f"{LANE}#{number}"))
            office.pass_(SECOND)
        await office.finish(runs[1], Wait("well?", runs[1].lease_ends_at))
        office.pass_(2 * LEASE)
        first = await office.store.reap(3, office.now)
        assert {task.task_id for task in first.queued} == {run.task_id for run in runs[:3]}
        assert [task.task_id for task in (await office.store.reap(3, office.now)).queued] == [runs[3].task_id]

    async def test_a_wiped_queue_gets_running_tasks_with_their_lease(self, office: Office) -> None:
        task_id = await office.accept()
        waiting = await office.accept()
        await office.run(task_id, claim="c1")
        assert await office.missing() == []
        restored = await office.missing(QueueEpoch("second"))
        assert [(task.task_id, task.lease) for task in restored] == [
            (task_id, Lease(ClaimId("c1"), office.now + LEASE)),
            (waiting, None),
        ]
        assert list(await office.ledger.unfinished_after(TaskId(""), 10)) == restored
        assert await office.ledger.over([task_id, waiting, UNKNOWN]) == [UNKNOWN]
        await office.store.cancel([task_id], "asked", office.now)
        (cancelled, _) = await office.missing(QueueEpoch("second"))
        assert cancelled.lease == Lease(ClaimId("c1"), office.now + LEASE, is_cancelled=True)
