"""What a gateway's database and queue hold, asked from outside of it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from gateways import Gateway
from hookline.domain.errors import QueueUnavailableError
from hookline.domain.ids import TaskId
from hookline.queue.connection import open_redis
from hookline.queue.redis_queue import RedisTaskQueue
from hookline.storage.database import open_database
from hookline.storage.models import DeliveryRow, TaskRow


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


async def queued_ids(gateway: Gateway, limit: int = 1_000_000) -> Sequence[TaskId]:
    queue = RedisTaskQueue(open_redis(gateway.resolved_redis_url))
    try:
        return await queue.peek(limit)
    except QueueUnavailableError:
        return []
    finally:
        await queue.close()
