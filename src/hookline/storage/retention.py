"""Forgets what is old: bodies first, then deliveries, keys last."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hookline.domain.errors import ConfigurationError
from hookline.domain.ids import first_id_at
from hookline.domain.task import FINISHED_STATES
from hookline.storage.database import Database
from hookline.storage.models import DedupeKeyRow, DeliveryRow, DeliveryTaskRow, TaskRow

CHUNK = 500
REST = timedelta(milliseconds=50)
_IS_UNFINISHED = TaskRow.state.not_in(sorted(state.value for state in FINISHED_STATES))


@dataclass(frozen=True, slots=True)
class Pruned:
    """How much was forgotten."""

    bodies: int
    deliveries: int
    keys: int


class SqlRetention:
    """Prunes in short transactions, with a rest after each, so that nobody who writes waits long."""

    def __init__(self, database: Database, chunk: int = CHUNK, rest: timedelta = REST) -> None:
        """Keep the database.

        Args:
            database: the one to prune.
            chunk: rows in one transaction.
            rest: between two transactions, for other writers.
        """
        self._database = database
        self._chunk = chunk
        self._rest = rest

    async def prune(
        self,
        now: datetime,
        bodies_older_than: timedelta,
        deliveries_older_than: timedelta,
        keys_older_than: timedelta,
    ) -> Pruned:
        """Forget bodies and headers, deliveries and keys beyond their ages.

        Tasks and their stories stay, and so do deliveries and keys of unfinished tasks.

        Raises:
            ConfigurationError: keys would be forgotten before what they guard against.
            StorageUnavailableError: the database does not answer; what is pruned stays pruned.
        """
        if keys_older_than < max(bodies_older_than, deliveries_older_than):
            raise ConfigurationError(
                "retention: keys must be kept at least as long as bodies and deliveries, "
                "or an old delivery that is sent again makes a second task"
            )
        return Pruned(
            bodies=await self._prune_deliveries(now - bodies_older_than, _HAS_CONTENT, _forget_content),
            deliveries=await self._prune_deliveries(
                now - deliveries_older_than, _IS_OVER, _delete_deliveries
            ),
            keys=await self._prune_keys(now - keys_older_than),
        )

    async def _prune_deliveries(
        self,
        before: datetime,
        condition: ColumnElement[bool],
        forget: Callable[[AsyncConnection, list[str]], Awaitable[None]],
    ) -> int:
        is_old = (DeliveryRow.id < first_id_at(before)) & (DeliveryRow.received_at < before)
        pruned, last = 0, ""
        while True:
            query = (
                select(DeliveryRow.id)
                .where(is_old & condition & (DeliveryRow.id > last))
                .order_by(DeliveryRow.id)
                .limit(self._chunk)
            )
            async with self._database.write() as connection:
                ids = list((await connection.execute(query)).scalars())
                if ids:
                    await forget(connection, ids)
            pruned += len(ids)
            if len(ids) < self._chunk:
                return pruned
            last = ids[-1]
            await asyncio.sleep(self._rest.total_seconds())

    async def _prune_keys(self, before: datetime) -> int:
        query = (
            select(DedupeKeyRow.key)
            .where((DedupeKeyRow.claimed_at < before) & ~_GUARDS_UNFINISHED)
            .order_by(DedupeKeyRow.claimed_at)
            .limit(self._chunk)
            .with_for_update(skip_locked=True, of=DedupeKeyRow)
        )
        pruned = 0
        while True:
            async with self._database.write() as connection:
                keys = list((await connection.execute(query)).scalars())
                _ = await connection.execute(delete(DedupeKeyRow).where(DedupeKeyRow.key.in_(keys)))
            pruned += len(keys)
            if len(keys) < self._chunk:
                return pruned
            await asyncio.sleep(self._rest.total_seconds())


_HAS_CONTENT = or_(DeliveryRow.body.is_not(None), DeliveryRow.headers.is_not(None))

_IS_OVER = ~exists().where(
    (DeliveryTaskRow.delivery_id == DeliveryRow.id) & (DeliveryTaskRow.task_id == TaskRow.id) & _IS_UNFINISHED
)

_GUARDS_UNFINISHED = exists().where((TaskRow.id == DedupeKeyRow.task_id) & _IS_UNFINISHED)


async def _forget_content(connection: AsyncConnection, ids: list[str]) -> None:
    change = update(DeliveryRow).where(DeliveryRow.id.in_(ids)).values(body=None, headers=None)
    _ = await connection.execute(change)


async def _delete_deliveries(connection: AsyncConnection, ids: list[str]) -> None:
    _ = await connection.execute(delete(DeliveryTaskRow).where(DeliveryTaskRow.delivery_id.in_(ids)))
    _ = await connection.execute(delete(DeliveryRow).where(DeliveryRow.id.in_(ids)))
