"""Reads deliveries for people, tools and replays."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, insert, select, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from hookline.core.answers import json_bytes
from hookline.domain.ids import DeliveryId
from hookline.domain.reading import (
    AuditEntry,
    DeliveryDetail,
    DeliveryFilter,
    DeliverySummary,
    RawDelivery,
)
from hookline.storage.database import Database
from hookline.storage.id_ranges import begins_with
from hookline.storage.models import AuditRow, DeliveryRow
from hookline.storage.row_views import delivery_summary, headers_of

WITHOUT_CONTENT = (
    defer(DeliveryRow.headers, raiseload=True),
    defer(DeliveryRow.body, raiseload=True),
)
"""Options of a query that leaves headers and bodies where they are."""


class SqlDeliveryReader:
    """`DeliveryReader` on SQLite and PostgreSQL."""

    def __init__(self, database: Database) -> None:
        """Keep the database."""
        self._database = database

    async def deliveries(
        self, condition: DeliveryFilter, before: DeliveryId | None, limit: int, /
    ) -> Sequence[DeliverySummary]:
        """The newest deliveries that are older than `before`."""
        is_older = true() if before is None else DeliveryRow.id < before
        query = (
            select(DeliveryRow)
            .options(*WITHOUT_CONTENT)
            .where(_holds(condition) & is_older)
            .order_by(DeliveryRow.id.desc())
            .limit(limit)
        )
        async with self._database.read() as connection, AsyncSession(connection) as session:
            return [delivery_summary(row) for row in await session.scalars(query)]

    async def delivery(self, delivery_id: DeliveryId, /) -> DeliveryDetail | None:
        """One delivery, without its body."""
        query = (
            select(DeliveryRow, DeliveryRow.headers, DeliveryRow.body.is_not(None))
            .options(*WITHOUT_CONTENT)
            .where(DeliveryRow.id == delivery_id)
        )
        async with self._database.read() as connection, AsyncSession(connection) as session:
            found = (await session.execute(query)).one_or_none()
            if found is None:
                return None
            row, headers, has_body = found
            return DeliveryDetail(delivery_summary(row), headers_of(headers), has_body)

    async def delivery_ids(self, prefix: str, limit: int, /) -> Sequence[DeliveryId]:
        """Ids that begin so, oldest first."""
        is_meant = begins_with(DeliveryRow.id, prefix)
        query = select(DeliveryRow.id).where(is_meant).order_by(DeliveryRow.id).limit(limit)
        async with self._database.read() as connection:
            return [DeliveryId(delivery_id) for delivery_id in (await connection.execute(query)).scalars()]

    async def raw(self, delivery_id: DeliveryId, /) -> RawDelivery | None:
        """A delivery with its compressed body; `None` where its body is no longer kept."""
        async with self._database.read() as connection, AsyncSession(connection) as session:
            row = await session.get(DeliveryRow, delivery_id)
            if row is None or row.body is None:
                return None
            return RawDelivery(
                id=DeliveryId(row.id),
                provider=row.provider,
                source=row.source,
                received_at=row.received_at,
                remote=row.remote,
                headers=headers_of(row.headers),
                body=row.body,
            )

    async def audited_body(self, delivery_id: DeliveryId, entry: AuditEntry, /) -> bytes | None:
        """The compressed body, with an audit entry in the same transaction; `None` where it is not kept."""
        async with self._database.write() as connection:
            query = select(DeliveryRow.body).where(DeliveryRow.id == delivery_id)
            body = (await connection.execute(query)).scalar_one_or_none()
            if body is None:
                return None
            audit = insert(AuditRow).values(
                id=entry.id,
                at=entry.at,
                action=entry.action,
                target=entry.target,
                data=json_bytes(entry.data).decode(),
            )
            _ = await connection.execute(audit)
            return body


def _holds(condition: DeliveryFilter) -> ColumnElement[bool]:
    holds: ColumnElement[bool] = true()
    if condition.status is not None:
        holds &= DeliveryRow.status == condition.status
    if condition.provider is not None:
        holds &= DeliveryRow.provider == condition.provider
    if condition.lane is not None:
        holds &= DeliveryRow.lane == condition.lane
    return holds
