"""Forgets what is old: bodies first, then deliveries, keys last."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, exists, func, or_, select, update
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
        _refuse_short_keys(bodies_older_than, deliveries_older_than, keys_older_than)
        return Pruned(
            bodies=await self._prune_deliveries(now - bodies_older_than, _HAS_CONTENT, _forget_content),
            deliveries=await self._prune_deliveries(
                now - deliveries_older_than, _IS_OVER, _delete_deliveries
            ),
            keys=await self._prune_keys(now - keys_older_than),
        )

    async def count(
        self,
        now: datetime,
        bodies_older_than: timedelta,
        deliveries_older_than: timedelta,
        keys_older_than: timedelta,
    ) -> Pruned:
        """How much `prune` would forget now; what it deletes as a delivery may count as a body too.

        Raises:
            ConfigurationError: keys would be forgotten before what they guard against.
            StorageUnavailableError: the database does not answer.
        """
        _refuse_short_keys(bodies_older_than, deliveries_older_than, keys_older_than)
        deliveries = select(func.count()).select_from(DeliveryRow)
        keys = select(func.count()).select_from(DedupeKeyRow)
        queries = (
            deliveries.where(_is_old(now - bodies_older_than) & _HAS_CONTENT),
            deliveries.where(_is_old(now - deliveries_older_than) & _IS_OVER),
            keys.where((DedupeKeyRow.claimed_at < now - keys_older_than) & ~_GUARDS_UNFINISHED),
        )
        async with self._database.read() as connection:
            return Pruned(*[(await connection.execute(query)).scalar_one() for query in queries])

    async def _prune_deliveries(
        self,
        before: datetime,
        condition: ColumnElement[bool],
        forget: Callable[[AsyncConnection, list[str]], Awaitable[None]],
    ) -> int:
        is_old = _is_old(before)
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


def _refuse_short_keys(bodies: timedelta, deliveries: timedelta, keys: timedelta) -> None:
    if keys < max(bodies, deliveries):
        raise ConfigurationError(
            "retention: keys must be kept at least as long as bodies and deliveries, "
            "or an old delivery that is sent again makes a second task"
        )


def _is_old(before: datetime) -> ColumnElement[bool]:
    return (DeliveryRow.id < first_id_at(before)) & (DeliveryRow.received_at < before)


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
