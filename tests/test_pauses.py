"""Pauses are kept in the database, and reach the queue even where it was away when somebody paused."""

import json
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import fakeredis
import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import select

from hookline.core.metrics import Metrics
from hookline.core.operating import Operating, Paused, Resumed
from hookline.core.relay import Relay
from hookline.domain.errors import QueueUnavailableError
from hookline.domain.ids import TaskId
from hookline.domain.pauses import Pause
from hookline.domain.queue import EVERY_LANE, ClaimCall, ClaimId
from hookline.queue.redis_queue import RedisTaskQueue
from hookline.storage.database import Database
from hookline.storage.lifecycle import SqlLifecycleStore
from hookline.storage.models import AuditRow
from hookline.storage.pauses import SqlPauseRegister
from lives import Office
from submissions import LANE

ODD = "jira:a\x01b"
REASON = "the tests are red"


class ShyQueue(RedisTaskQueue):
    """A queue that can be away; it notes which workers it told to stop."""

    is_away = False
    told: tuple[TaskId, ...] = ()

    async def pause(self, scope: str, /) -> None:
        self._answer()
        await super().pause(scope)

    async def resume(self, scope: str, /) -> None:
        self._answer()
        await super().resume(scope)

    async def pause_only(self, scopes: Collection[str], /) -> None:
        self._answer()
        await super().pause_only(scopes)

    async def call_off(self, task_ids: Sequence[TaskId], /) -> None:
        self._answer()
        self.told += tuple(task_ids)

    def _answer(self) -> None:
        if self.is_away:
            raise QueueUnavailableError("away")


@dataclass
class Yard:
    office: Office
    queue: ShyQueue
    pauses: SqlPauseRegister
    operating: Operating
    relay: Relay
    numbers: list[int] = field(default_factory=list)

    async def accept(self) -> TaskId:
        task_id = await self.office.accept()
        await self.queue.enqueue(await self.office.ledger.as_queued([task_id]))
        return task_id

    async def gives(self) -> int:
        """How many tasks the queue gives out, which it takes back at once."""
        self.numbers.append(0)
        call = ClaimCall(ClaimId(f"c{len(self.numbers)}"), 9, timedelta(0))
        return len((await self.queue.claim(call)).holdings)

    async def audit(self) -> list[tuple]:
        columns = (AuditRow.action, AuditRow.target, AuditRow.data)
        async with self.office.database.read() as connection:
            rows = await connection.execute(select(*columns).order_by(AuditRow.id))
            return [(action, target, json.loads(data)) for action, target, data in rows]


async def on_duty() -> bool:
    return True


@pytest.fixture
async def yard(database: Database) -> AsyncIterator[Yard]:
    office = Office(database, SqlLifecycleStore(database))
    clock = office.sender.clock
    queue = ShyQueue(fakeredis.FakeAsyncRedis(), partition_count=2)
    pauses = SqlPauseRegister(database)
    operating = Operating(pauses, office.store, queue, clock, office.sender.new_id)
    relay = Relay(queue, office.ledger, Metrics(CollectorRegistry()), clock, on_duty)
    yield Yard(office, queue, pauses, operating, relay)
    await queue.close()


@pytest.mark.parametrize("scope", [EVERY_LANE, LANE])
async def test_a_pause_holds_from_the_command_on_and_is_taken_back(yard: Yard, scope: str) -> None:
    await yard.accept()
    since = yard.office.now
    pause = Pause(scope, since, "anna", REASON)
    assert await yard.operating.pause(scope, "anna", REASON) == Paused(pause, True, True)
    assert await yard.pauses.pauses() == [pause]
    assert await yard.gives() == 0
    yard.office.pass_(timedelta(minutes=1))
    assert await yard.operating.pause(scope, "ben", None) == Paused(pause, False, True)
    assert await yard.operating.resume(scope, "ben") == Resumed(pause, True)
    assert await yard.gives() == 1
    assert await yard.operating.resume(scope, "ben") == Resumed(None, True)
    assert await yard.audit() == [
        ("queue.paused", scope, {"who": "anna", "reason": REASON}),
        ("queue.resumed", scope, {"who": "ben"}),
    ]


async def test_a_pause_arrives_when_the_queue_is_back(yard: Yard) -> None:
    await yard.accept()
    await yard.relay.relay_once()
    yard.queue.is_away = True
    assert not (await yard.operating.pause(LANE, "anna", None)).has_queue_heard
    assert await yard.gives() == 1
    with pytest.raises(QueueUnavailableError):
        await yard.relay.relay_once()
    yard.queue.is_away = False
    await yard.relay.relay_once()
    assert await yard.gives() == 0
    yard.queue.is_away = True
    assert not (await yard.operating.resume(LANE, "anna")).has_queue_heard
    yard.queue.is_away = False
    await yard.relay.relay_once()
    assert await yard.gives() == 1


async def test_a_pause_that_nobody_remembers_ends_with_the_audit(yard: Yard) -> None:
    await yard.accept()
    await yard.relay.relay_once()
    await yard.queue.pause(LANE)
    await yard.relay.relay_once()
    assert await yard.gives() == 0
    await yard.relay.audit_once()
    await yard.relay.relay_once()
    assert await yard.gives() == 1


async def test_only_what_should_be_paused_stays_paused(yard: Yard) -> None:
    await yard.accept()
    for scope in ("other", LANE, EVERY_LANE):
        await yard.queue.pause(scope)
    await yard.queue.pause_only([ODD, EVERY_LANE])
    assert await yard.gives() == 0
    await yard.queue.pause_only([ODD])
    assert await yard.gives() == 1
    await yard.queue.pause_only([])
    fields = [
        field
        for key in await yard.queue._redis.keys("*:control")
        for field in await yard.queue._redis.hkeys(key)
    ]
    assert not [field for field in fields if field.startswith(b"p")]


async def test_a_cancel_of_a_running_task_is_told_until_the_queue_has_heard_it(yard: Yard) -> None:
    run = await yard.office.running()
    await yard.relay.relay_once()
    yard.queue.is_away = True
    done = await yard.operating.cancel([run.task_id], "asked by anna")
    assert (done.changed.running, done.has_queue_heard) == ((run.task_id,), False)
    with pytest.raises(QueueUnavailableError):
        await yard.relay.relay_once()
    yard.queue.is_away = False
    await yard.relay.relay_once()
    assert yard.queue.told == (run.task_id,)
    await yard.relay.relay_once()
    assert yard.queue.told == (run.task_id,)
    await yard.relay.audit_once()
    await yard.relay.relay_once()
    assert yard.queue.told == (run.task_id,) * 2


async def test_a_cancelled_task_leaves_the_queue_and_a_redriven_one_comes_back(yard: Yard) -> None:
    task_id = await yard.accept()
    assert (await yard.operating.cancel([task_id], "asked")).has_queue_heard
    assert await yard.gives() == 0
    await yard.office.change(task_id, state="dead")
    done = await yard.operating.redrive([task_id], "asked by anna")
    assert ([task.task_id for task in done.changed.queued], done.has_queue_heard) == ([task_id], True)
    assert await yard.gives() == 1
