"""Transitions that happen at the same moment: whoever commits first wins, and nobody waits for ever."""

import asyncio
from collections.abc import Coroutine, Sequence
from datetime import timedelta
from random import Random
from typing import TypeVar

import pytest
from sqlalchemy import Connection, update

from hookline.domain.errors import StorageUnavailableError
from hookline.domain.ids import TaskId
from hookline.domain.lifecycle import (
    Beat,
    Complete,
    Defer,
    Finished,
    Held,
    LifeLimits,
    Lost,
    Over,
    Parked,
    Release,
    Run,
)
from hookline.domain.queue import QueueEpoch
from hookline.domain.task import TaskState
from hookline.storage.database import Database
from hookline.storage.life_rows import locked_tasks
from hookline.storage.life_writing import LockedTasks
from hookline.storage.lifecycle import SqlLifecycleStore
from hookline.storage.models import TaskRow
from lives import LEASE, Office
from submissions import LANE

pytestmark = pytest.mark.no_cover

ResultT = TypeVar("ResultT")

AT_ONCE = 5
"""One connection of the pool is left for what looks."""


@pytest.fixture
def office(database: Database) -> Office:
    return Office(database, SqlLifecycleStore(database, LifeLimits(most_losses=2)))


@pytest.fixture
def postgres_office(postgres_database: Database) -> Office:
    return Office(postgres_database, SqlLifecycleStore(postgres_database, LifeLimits(most_losses=100)))


async def all_at_once(work: Sequence[Coroutine[None, None, ResultT]]) -> list[ResultT]:
    turns = asyncio.Semaphore(AT_ONCE)

    async def in_turn(one: Coroutine[None, None, ResultT]) -> ResultT:
        async with turns:
            return await one

    return await asyncio.gather(*map(in_turn, work))


async def test_many_claims_of_a_task_are_one_attempt(office: Office) -> None:
    task_id = await office.accept()
    answers = await all_at_once([office.start_one(task_id, f"w{number}") for number in range(20)])
    assert [type(answer) for answer in answers].count(Run) == 1
    assert answers.count(Over(task_id, TaskState.RUNNING)) == 19
    assert len(await office.attempts(task_id, "fence")) == 1


async def test_the_same_claim_at_once_is_one_attempt(office: Office) -> None:
    task_id = await office.accept()
    answers = await all_at_once([office.start_one(task_id, claim="c1") for _ in range(12)])
    assert set(answers) == {answers[0]}
    assert isinstance(answers[0], Run)
    assert await office.events(task_id) == ["started"]


async def test_a_conversation_that_is_started_at_once_runs_one_task(office: Office) -> None:
    for number in range(5):
        conversation = f"{LANE}#{number}"
        task_ids = [await office.accept(conversation) for _ in range(6)]
        answers = await all_at_once([office.start_one(task_id) for task_id in task_ids])
        running = [answer.task_id for answer in answers if isinstance(answer, Run)]
        parked = [answer.behind.task_id for answer in answers if isinstance(answer, Parked)]
        assert parked == running * 5
        assert sorted([await office.state(task_id) for task_id in task_ids]) == ["queued"] * 5 + ["running"]


async def test_the_same_finish_fifty_times_at_once_is_one_transition(office: Office) -> None:
    run = await office.running()
    answers = await all_at_once([office.finish(run, Complete({"a": 1})) for _ in range(50)])
    assert set(answers) == {Finished(run.task_id, TaskState.SUCCEEDED, None)}
    assert await office.events(run.task_id) == ["started", "succeeded"]


async def test_of_different_finishes_at_once_one_is_heard(office: Office) -> None:
    run = await office.running()
    endings = [office.finish(run, Complete({"a": number}), f"d{number}") for number in range(20)]
    answers = await all_at_once(endings)
    assert [type(answer) for answer in answers].count(Finished) == 1
    assert [type(answer) for answer in answers].count(Lost) == 19
    assert await office.events(run.task_id) == ["started", "succeeded"]


async def test_a_cancel_and_a_finish_at_once_agree(office: Office) -> None:
    for number in range(10):
        run = await office.running(f"{LANE}#{number}")
        cancel = asyncio.ensure_future(office.store.cancel([run.task_id], "asked", office.now))
        finish = asyncio.ensure_future(office.finish(run, Release("bye")))
        changed, finished = await cancel, await finish
        assert isinstance(finished, Finished)
        assert await office.state(run.task_id) == "cancelled"
        is_cancel_first = finished.state is TaskState.CANCELLED
        assert (changed.running, changed.removed) == (
            ((run.task_id,), ()) if is_cancel_first else ((), (run.task_id,))
        )
        assert (await office.events(run.task_id)).count("cancelled") == 1


async def test_a_finish_and_a_reap_at_once_agree(office: Office) -> None:
    for number in range(10):
        run = await office.running(f"{LANE}#{number}")
        office.pass_(LEASE)
        reap, finish = office.store.reap(10, office.now), office.finish(run, Complete({}))
        changed, finished = await asyncio.gather(reap, finish)
        events = await office.events(run.task_id)
        if isinstance(finished, Finished):
            assert changed.queued == ()
            assert (finished.state, events) == (TaskState.SUCCEEDED, ["started", "succeeded"])
        else:
            assert [task.task_id for task in changed.queued] == [run.task_id]
            assert events == ["started", "lease_lost", "queued"]


async def test_a_beat_and_a_start_at_once_leave_one_holder(office: Office) -> None:
    for number in range(10):
        run = await office.running(f"{LANE}#{number}")
        office.pass_(LEASE)
        heard, started = await asyncio.gather(office.beat(run), office.start_one(run.task_id, "two"))
        assert isinstance(heard, Held) == isinstance(started, Over)
        assert isinstance(heard, Lost) == isinstance(started, Run)


@pytest.mark.integration
@pytest.mark.parametrize("seed", range(3))
async def test_batches_over_the_same_tasks_never_deadlock(postgres_office: Office, seed: int) -> None:
    office, chance = postgres_office, Random(seed)
    task_ids = [await office.accept(f"{LANE}#{number % 7}") for number in range(40)]
    starts = [
        [office.claim(task_id, f"w{batch}", lease=timedelta(0)) for task_id in chance.sample(task_ids, 25)]
        for batch in range(8)
    ]
    beats = [[Beat(task_id, 1) for task_id in chance.sample(task_ids, 25)] for _ in range(4)]
    work = [office.store.start(batch, office.now) for batch in starts]
    work += [office.store.extend(batch, timedelta(0), office.now) for batch in beats]
    work += [office.store.reap(25, office.now) for _ in range(4)]
    work += [office.ledger.mark(chance.sample(task_ids, 30), QueueEpoch("e")) for _ in range(4)]
    work += [office.intake.commit([office.sender.cancels(f"c{seed}")])]
    chance.shuffle(work)
    await all_at_once(work)
    running = [task_id for task_id in task_ids if await office.state(task_id) == "running"]
    assert len(running) <= 7
    for task_id in task_ids:
        fences = [fence for (fence,) in await office.attempts(task_id, "fence")]
        assert fences == list(range(1, len(fences) + 1))
        await office.facts(task_id)


@pytest.mark.integration
async def test_a_start_waits_for_a_start_of_its_conversation_and_then_parks(postgres_office: Office) -> None:
    office = postgres_office
    first, second, other = await office.accept(), await office.accept(), await office.accept(f"{LANE}#13")
    batches: list[list[TaskId]] = [[first, other], [other, second]]
    claims = [[office.claim(task_id, f"w{at}") for task_id in batch] for at, batch in enumerate(batches)]
    answers = await asyncio.gather(*(office.store.start(batch, office.now) for batch in claims))
    kinds = sorted(type(answer).__name__ for started in answers for answer in started.answers)
    assert kinds == ["Over", "Parked", "Run", "Run"]
    assert not any(isinstance(answer, Defer) for started in answers for answer in started.answers)


async def test_a_change_is_written_only_where_state_and_fence_are_as_they_were(office: Office) -> None:
    run = await office.running()

    def change_under_the_lock(connection: Connection) -> None:
        locked = LockedTasks(connection, locked_tasks(connection, [run.task_id]))
        connection.execute(update(TaskRow).where(TaskRow.id == run.task_id).values(fence=2))
        locked.lives[run.task_id].request_cancel("asked", office.now)
        locked.write(office.now)

    with pytest.raises(StorageUnavailableError, match="has changed"):
        await office.database.transact(change_under_the_lock)
    assert await office.task(run.task_id, "fence", "cancel_requested_at") == (1, None)
