"""Workers by their tokens, and the attempts that tokens speak for, on both databases."""

import asyncio

import pytest

from hookline.domain.errors import HooklineError, UnstorableError, WorkerNameTakenError
from hookline.domain.lifecycle import Complete, Fence, Release, Run
from hookline.domain.workers import Worker, WorkLease
from hookline.storage.database import Database
from hookline.storage.lifecycle import SqlLifecycleStore
from hookline.storage.workers import SqlLeaseReader, SqlWorkerRegister
from lives import LEASE, SECOND, Office
from submissions import LANE, NOW

TOKENS = [f"{number:064x}" for number in range(9)]


@pytest.fixture
def register(database: Database) -> SqlWorkerRegister:
    return SqlWorkerRegister(database)


@pytest.fixture
def office(database: Database) -> Office:
    return Office(database, SqlLifecycleStore(database))


async def test_a_worker_is_found_by_its_token(register: SqlWorkerRegister) -> None:
    ada = await register.add("ada", TOKENS[0], NOW)
    assert ada == Worker("ada", NOW, None, None)
    assert await register.find(TOKENS[0]) == ada
    assert await register.find(TOKENS[1]) is None
    assert await register.find("") is None


async def test_a_name_is_free_again_once_its_worker_is_revoked(register: SqlWorkerRegister) -> None:
    await register.add("ada", TOKENS[0], NOW)
    with pytest.raises(WorkerNameTakenError, match="ada already"):
        await register.add("ada", TOKENS[1], NOW)
    assert await register.find(TOKENS[1]) is None
    assert await register.revoke("ada", NOW + SECOND)
    assert not await register.revoke("ada", NOW + SECOND)
    assert await register.find(TOKENS[0]) is None
    again = await register.add("ada", TOKENS[1], NOW + 2 * SECOND)
    assert await register.find(TOKENS[1]) == again
    assert await register.workers() == [Worker("ada", NOW, NOW + SECOND, None), again]


async def test_a_name_that_is_added_at_once_is_one_worker(register: SqlWorkerRegister) -> None:
    added = await asyncio.gather(
        *(register.add("ada", token, NOW) for token in TOKENS[:4]), return_exceptions=True
    )
    assert len([one for one in added if isinstance(one, Worker)]) == 1
    assert all(isinstance(one, Worker | WorkerNameTakenError) for one in added), added
    assert len(await register.workers()) == 1


async def test_a_token_is_one_worker_s(register: SqlWorkerRegister) -> None:
    await register.add("ada", TOKENS[0], NOW)
    with pytest.raises(UnstorableError):
        await register.add("bob", TOKENS[0], NOW)


async def test_it_is_remembered_when_a_worker_was_heard_of(register: SqlWorkerRegister) -> None:
    await register.add("ada", TOKENS[0], NOW)
    await register.add("bob", TOKENS[1], NOW)
    await register.seen(TOKENS[0], NOW + SECOND)
    await register.seen(TOKENS[0], NOW)
    await register.seen(TOKENS[5], NOW)
    assert [worker.last_seen_at for worker in await register.workers()] == [NOW + SECOND, None]


@pytest.mark.parametrize("name", ["a\0b", "\ud800", "x" * 1_000, "émile"])
async def test_names_are_stored_clean_and_found_again(register: SqlWorkerRegister, name: str) -> None:
    worker = await register.add(name, TOKENS[0], NOW)
    assert len(worker.name) <= 255
    assert await register.find(TOKENS[0]) == worker
    with pytest.raises(HooklineError):
        await register.add(name, TOKENS[1], NOW)
    assert await register.revoke(name, NOW)


async def test_a_token_speaks_for_its_attempt_while_it_runs(office: Office) -> None:
    reader = SqlLeaseReader(office.database)
    task_id = await office.accept()
    claim = office.claim(task_id, "one")
    (run,) = await office.start(claim)
    assert isinstance(run, Run)
    attempt = (task_id, LANE, Fence(1), "one", claim.claim_id)
    held = WorkLease(*attempt, is_holder=True, is_cancelled=False, lease_ends_at=run.lease_ends_at)
    assert (await reader.by_leases([claim.lease_hash])).get(claim.lease_hash) == held
    assert await reader.by_tool(claim.tool_hash) == held
    assert (await reader.by_leases([claim.tool_hash])).get(claim.tool_hash) is None
    assert await reader.by_tool(claim.lease_hash) is None
    await office.store.cancel([task_id], "asked", office.now)
    stopping = (await reader.by_leases([claim.lease_hash])).get(claim.lease_hash)
    assert stopping is not None
    assert stopping.is_cancelled
    await office.finish(run, Complete({}))
    over = WorkLease(*attempt, is_holder=False, is_cancelled=False, lease_ends_at=None)
    assert (await reader.by_leases([claim.lease_hash])).get(claim.lease_hash) == over


async def test_the_token_of_an_earlier_attempt_holds_nothing(office: Office) -> None:
    reader = SqlLeaseReader(office.database)
    task_id = await office.accept()
    first, second = office.claim(task_id, "one"), office.claim(task_id, "two")
    (run,) = await office.start(first)
    assert isinstance(run, Run)
    await office.finish(run, Release("bye"))
    await office.start(second)
    holdings = [
        (await reader.by_leases([claim.lease_hash])).get(claim.lease_hash) for claim in (first, second)
    ]
    assert [holding and (holding.worker, holding.is_holder) for holding in holdings] == [
        ("one", False),
        ("two", True),
    ]


async def test_tokens_of_a_claim_that_was_asked_again_are_worth_nothing(office: Office) -> None:
    reader = SqlLeaseReader(office.database)
    task_id = await office.accept()
    first, again = office.claim(task_id, claim="c"), office.claim(task_id, claim="c")
    await office.start(first)
    await office.start(again)
    assert (await reader.by_leases([first.lease_hash])).get(first.lease_hash) is None
    assert await reader.by_tool(first.tool_hash) is None
    holding = await reader.by_tool(again.tool_hash)
    assert holding is not None
    assert holding.lease_ends_at == office.now + LEASE
