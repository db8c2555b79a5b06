"""What a gateway's database and queue hold, asked from outside of it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from zstandard import ZstdDecompressor

from gateways import Gateway
from hookline.domain.errors import QueueUnavailableError
from hookline.domain.ids import TaskId
from hookline.domain.reading import DeliverySummary
from hookline.domain.task import Task
from hookline.queue.connection import open_redis
from hookline.queue.redis_queue import RedisTaskQueue
from hookline.storage.database import open_database
from hookline.storage.delivery_reader import WITHOUT_CONTENT
from hookline.storage.models import DeliveryRow, TaskRow
from hookline.storage.row_views import delivery_summary, task_of

PART = 1_000


@dataclass(frozen=True)
class Ledger:
    """Tasks by id with their origin, and how often each origin has one."""

    origins: dict[str, str]
    delivered: dict[str, str | None]

    @property
    def tasks_per_origin(self) -> Counter[str]:
        return Counter(self.origins.values())


async def read_ledger(gateway: Gateway) -> Ledger:
    database = open_database(gateway.resolved_database_url)
    try:
        async with database.read() as connection:
            tasks = (await connection.execute(select(TaskRow.id, TaskRow.origin))).all()
            deliveries = (
                await connection.execute(select(DeliveryRow.external_id, DeliveryRow.task_id))
            ).all()
    finally:
        await database.close()
    return Ledger(dict(map(tuple, tasks)), dict(map(tuple, deliveries)))


@dataclass(frozen=True)
class Stored:
    """Deliveries by the hash of the body that came, the first of those that came twice; tasks by id."""

    deliveries: dict[str, DeliverySummary]
    tasks: dict[str, Task]


async def read_stored(gateway: Gateway) -> Stored:
    database = open_database(gateway.resolved_database_url)
    newest_first = select(DeliveryRow).options(*WITHOUT_CONTENT).order_by(DeliveryRow.id.desc())
    try:
        async with database.read() as connection, AsyncSession(connection) as session:
            rows = await session.scalars(newest_first)
            deliveries = {row.sha256: delivery_summary(row) for row in rows}
            tasks = {row.id: task_of(row) for row in await session.scalars(select(TaskRow))}
    finally:
        await database.close()
    return Stored(deliveries, tasks)


async def read_body(gateway: Gateway, delivery_id: str) -> bytes:
    """The body of a delivery as it is kept, decompressed."""
    database = open_database(gateway.resolved_database_url)
    try:
        async with database.read() as connection:
            kept = await connection.scalar(select(DeliveryRow.body).where(DeliveryRow.id == delivery_id))
    finally:
        await database.close()
    return ZstdDecompressor().decompress(kept)


async def queued_ids(gateway: Gateway) -> Sequence[TaskId]:
    """What the queue holds, by id."""
    queue = RedisTaskQueue(open_redis(gateway.resolved_redis_url))
    try:
        return sorted(set(await _all_held(queue)))
    except QueueUnavailableError:
        return []
    finally:
        await queue.close()


async def _all_held(queue: RedisTaskQueue) -> Sequence[TaskId]:
    cursor, found = await queue.held(0, PART)
    while cursor:
        cursor, more = await queue.held(cursor, PART)
        found = [*found, *more]
    return found
