"""Pauses in a table of their own, each change with its audit."""

from collections.abc import Sequence

from sqlalchemy import delete, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from hookline.core.answers import json_bytes
from hookline.domain.pauses import Pause
from hookline.domain.reading import AuditEntry
from hookline.domain.text import NAME_LIMIT, clean, one_line
from hookline.storage.columns import microseconds
from hookline.storage.database import Database
from hookline.storage.models import AuditRow, PauseRow

_PAUSE = text(
    "INSERT INTO pauses (scope, since, paused_by, reason) VALUES (:scope, :since, :paused_by, :reason)"
    " ON CONFLICT (scope) DO NOTHING RETURNING scope"
)


class SqlPauseRegister:
    """`PauseRegister` on SQLite and PostgreSQL."""

    def __init__(self, database: Database) -> None:
        """Keep the database."""
        self._database = database

    async def pause(self, pause: Pause, entry: AuditEntry, /) -> Pause:
        """Pause a scope; see the port."""
        made = Pause(pause.scope, pause.since, _fit(pause.paused_by), pause.reason and _fit(pause.reason))
        given = {
            "scope": made.scope,
            "since": microseconds(made.since),
            "paused_by": made.paused_by,
            "reason": made.reason,
        }
        async with self._database.write() as connection:
            if (await connection.execute(_PAUSE, given)).first() is None:
                return await _pause_of(connection, made.scope) or made
            await _audit(connection, entry)
        return made

    async def resume(self, scope: str, entry: AuditEntry, /) -> Pause | None:
        """Take back a pause; see the port."""
        async with self._database.write() as connection:
            ended = await _pause_of(connection, scope)
            gone = delete(PauseRow).where(PauseRow.scope == scope).returning(PauseRow.scope)
            if (await connection.execute(gone)).first() is None:
                return None
            await _audit(connection, entry)
        return ended

    async def pauses(self) -> Sequence[Pause]:
        """All pauses, by scope."""
        async with self._database.read() as connection, AsyncSession(connection) as session:
            rows = await session.scalars(select(PauseRow).order_by(PauseRow.scope))
            return [_as_pause(row) for row in rows]


def _fit(words: str) -> str:
    return one_line(clean(words), NAME_LIMIT)


def _as_pause(row: PauseRow) -> Pause:
    return Pause(row.scope, row.since, row.paused_by, row.reason)


async def _pause_of(connection: AsyncConnection, scope: str) -> Pause | None:
    async with AsyncSession(connection) as session:
        row = await session.get(PauseRow, scope)
        return None if row is None else _as_pause(row)


async def _audit(connection: AsyncConnection, entry: AuditEntry) -> None:
    data = json_bytes(entry.data).decode()
    audit = insert(AuditRow).values(
        id=entry.id, at=entry.at, action=entry.action, target=entry.target, data=data
    )
    _ = await connection.execute(audit)
