"""The life of a task on both databases."""

from contracts.ending_contract import CommandContract, FinishContract
from contracts.lifecycle_contract import LeaseContract, StartContract
from hookline.domain.lifecycle import LifecycleStore, LifeLimits, Release
from hookline.storage.database import Database
from hookline.storage.lifecycle import SqlLifecycleStore
from lives import SECOND, Office


class _OfSql:
    def store(self, database: Database, limits: LifeLimits) -> LifecycleStore:
        return SqlLifecycleStore(database, limits)


class TestStarting(_OfSql, StartContract):
    pass


class TestLeases(_OfSql, LeaseContract):
    pass


class TestEndings(_OfSql, FinishContract):
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
