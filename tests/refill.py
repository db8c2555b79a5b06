"""A queue full of every kind of task beside its database, to be lost and filled again."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice

from prometheus_client import CollectorRegistry
from redis.asyncio import Redis
from sqlalchemy import update

from hookline.core.claiming import Claiming
from hookline.core.metrics import Metrics
from hookline.core.relay import Relay
from hookline.core.waiting_line import WaitingLine
from hookline.domain.command import Band
from hookline.domain.ids import TaskId
from hookline.domain.intake import Submission
from hookline.domain.pauses import Pause
from hookline.domain.queue import ClaimId
from hookline.domain.reading import AuditEntry
from hookline.domain.rules import Caps
from hookline.domain.task import TaskState
from hookline.queue.layout import OF_CLAIMS, OF_TASKS, partitions
from hookline.queue.redis_queue import RedisTaskQueue
from hookline.storage.database import Database
from hookline.storage.ingest import SqlIngestStore
from hookline.storage.ledger import SqlQueueLedger
from hookline.storage.lifecycle import SqlLifecycleStore
from hookline.storage.models import TaskRow
from hookline.storage.pauses import SqlPauseRegister
from submissions import PLAN, Sender

LANES = 40
RUNNING = 60
BATCH = 500
HOUR = timedelta(hours=1)
OF_ONE_LIFE = ("epoch", "run")


async def on_duty() -> bool:
    return True


@dataclass
class Town:
    """The parts, all by one clock that stands still."""

    redis: Redis
    queue: RedisTaskQueue
    database: Database
    sender: Sender
    relay: Relay
    ledger: SqlQueueLedger
    life: SqlLifecycleStore
    pauses: SqlPauseRegister
    count: int
    partition_count: int

    async def settle_in(self) -> Sequence[TaskId]:
        """Accept so many tasks, push them, let some run, be due later, and be called off; tells who runs."""
        store = SqlIngestStore(self.database, Caps())
        asked = (self._asked(number) for number in range(self.count))
        accepted: list[TaskId] = []
        while batch := list(islice(asked, BATCH)):
            await store.commit(batch)
            accepted += [each.task_id for each in batch]
        await self._delay(accepted[::50])
        await self.relay.relay_once()
        claiming = Claiming(self.queue, self.life, WaitingLine(), self.sender.clock, HOUR)
        running = await claiming.claim(
            "one", ClaimId(self.sender.new_id()), min(RUNNING, self.count // 10), timedelta(0)
        )
        ids = [each.task_id for each in running]
        await self.life.cancel(ids[::7], "asked", self.sender.clock())
        return ids

    async def settle_in_and_pause(self) -> Sequence[TaskId]:
        """As `settle_in`, and two lanes are paused."""
        running = await self.settle_in()
        for number in range(2):
            scope = f"github:octo/app{number}"
            pause = Pause(scope, self.sender.clock(), "anna")
            entry = AuditEntry(self.sender.new_id(), pause.since, "queue.paused", scope, {})
            await self.pauses.pause(pause, entry)
        await self.relay.relay_once()
        return running

    def _asked(self, number: int) -> Submission:
        lane = f"github:octo/app{number % LANES}"
        plan = replace(PLAN, band=Band(number // 3 % 4))
        place = f"{lane}#{number // 3}" if number % 5 else f"{lane}#shared"
        return self.sender.asks(self.sender.new_id(), plan=plan, lane=lane, conversation=place, origin=None)

    async def _delay(self, task_ids: Sequence[TaskId]) -> None:
        later = {"state": TaskState.SCHEDULED.value, "due_at": self.sender.clock() + HOUR}
        async with self.database.write() as connection:
            await connection.execute(update(TaskRow).where(TaskRow.id.in_(task_ids)).values(**later))

    async def state(self) -> Mapping[str, Mapping[str, float | str]]:
        """All that the queue holds, but what is of one life of its data, or of the turns of lanes."""
        found: dict[str, Mapping[str, float | str]] = {}
        for partition in partitions(self.partition_count):
            for key in partition.keys:
                if not key.endswith(":turns"):
                    found[key] = await self._content(key)
        return found

    async def _content(self, key: str) -> Mapping[str, float | str]:
        kind = await self.redis.type(key)
        if kind == b"set":
            return {name.decode(): 1 for name in await self.redis.smembers(key)}
        if kind == b"zset":
            members = await self.redis.zrange(key, 0, -1, withscores=True)
            return {name.decode(): score for name, score in members}
        fields = await self.redis.hgetall(key)
        content = {name.decode(): value.decode() for name, value in fields.items()}
        return {name: value for name, value in content.items() if value != "0" and not is_of_one_life(name)}


def is_of_one_life(field: str) -> bool:
    return field in OF_ONE_LIFE or field.startswith(("v:", OF_CLAIMS))


def tasks_in(content: Mapping[str, float | str], state: str = "") -> Sequence[TaskId]:
    """The tasks of a partition's records, or those in one state."""
    rows = {name: str(row) for name, row in content.items() if name.startswith(OF_TASKS)}
    return [TaskId(name.removeprefix(OF_TASKS)) for name, row in rows.items() if row.startswith(state)]


@contextmanager
def town(database: Database, redis: Redis, count: int, partition_count: int = 1) -> Iterator[Town]:
    """Nobody has settled in it yet."""
    sender = Sender()
    queue = RedisTaskQueue(redis, clock=sender.clock, partition_count=partition_count)
    ledger, pauses = SqlQueueLedger(database), SqlPauseRegister(database)
    metrics = Metrics(CollectorRegistry())
    relay = Relay(queue, ledger, metrics, lambda: sender.clock() + HOUR / 60, on_duty)
    life = SqlLifecycleStore(database)
    yield Town(redis, queue, database, sender, relay, ledger, life, pauses, count, partition_count)
