"""The life of a task on both databases."""

from datetime import timedelta

from prometheus_client import CollectorRegistry

from contracts.ending_contract import CommandContract, FinishContract
from contracts.folding_contract import FoldingContract
from contracts.lifecycle_contract import LeaseContract, StartContract
from hookline.core.metrics import Metrics
from hookline.domain.lifecycle import Complete, LifecycleStore, LifeLimits, Over, Release
from hookline.domain.task import TaskState
from hookline.storage.database import Database
from hookline.storage.lifecycle import SqlLifecycleStore
from lives import LEASE, SECOND, Office


class _OfSql:
    def store(self, database: Database, limits: LifeLimits) -> LifecycleStore:
        return SqlLifecycleStore(database, limits)


class TestStarting(_OfSql, StartContract):
    pass


class TestLeases(_OfSql, LeaseContract):
    pass


class TestEndings(_OfSql, FinishContract):
    pass


class TestFolding(_OfSql, FoldingContract):
    pass


class TestCommands(_OfSql, CommandContract):
    pass


async def test_a_start_that_had_to_wait_begins_after_the_end_before_it(database: Database) -> None:
    office = Office(database, SqlLifecycleStore(database))
    office.store = SqlLifecycleStore(database, clock=lambda: office.now)
    run = await office.running()
    called_at, claim = office.now, office.claim(run.task_id, "two")
    office.pass_(5 * SECOND)
    await office.finish(run, Release("given back"))
    await office.store.start([claim], called_at)
    (_, ended), (began, _) = await office.attempts(run.task_id, "started_at", "ended_at")
    assert began == ended == called_at + 5 * SECOND
    assert await office.task(run.task_id, "lease_ends_at") == (office.now + claim.lease,)


async def test_each_end_of_an_attempt_is_observed_once(database: Database) -> None:
    told: list[timedelta] = []
    limits = LifeLimits(most_unclaimed=0)
    office = Office(database, SqlLifecycleStore(database, limits, told.append))
    run = await office.running()
    office.pass_(5 * SECOND)
    await office.finish(run, Complete({}))
    await office.finish(run, Complete({}))
    assert told == [5 * SECOND]
    lost = await office.running()
    await office.lose(lost)
    await office.store.reap(100, office.now)
    assert told[1:] == [2 * LEASE]
    again = await office.run(lost.task_id)
    office.pass_(3 * LEASE)
    assert await office.start_one(again.task_id, "two") == Over(again.task_id, TaskState.DEAD)
    assert told[2:] == [3 * LEASE]
    await office.store.cancel([await office.accept()], "asked", office.now)
    assert len(told) == 3


def test_the_time_of_an_attempt_is_a_metric() -> None:
    registry = CollectorRegistry()
    Metrics(registry).attempt_ended(timedelta(seconds=12))
    assert registry.get_sample_value("task_processing_duration_seconds_sum") == 12
    assert registry.get_sample_value("task_processing_duration_seconds_count") == 1
