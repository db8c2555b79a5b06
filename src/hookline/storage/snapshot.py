"""Writes `schema.sql` anew, from an empty SQLite file that all migrations went through."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Connection, text

from hookline.storage.database import open_database, sqlite_url
from hookline.storage.migrator import migrate
from hookline.storage.schema import SQLITE_SCHEMA

_STATEMENTS = text("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type = 'index', name")


async def schema_after_migrations() -> str:
    """The statements that make on SQLite what the migrations leave there."""
    with TemporaryDirectory(prefix="hookline-schema-") as folder:
        database = open_database(sqlite_url(Path(folder) / "schema.db"))
        try:
            await migrate(database, "head")
            return await database.view(_rendered)
        finally:
            await database.close()


def _rendered(connection: Connection) -> str:
    statements: Sequence[str] = connection.execute(_STATEMENTS).scalars().all()
    return ";\n\n".join(_tidy(statement) for statement in statements) + "\n"


def _tidy(statement: str) -> str:
    return "\n".join(line.rstrip() for line in statement.splitlines() if line.strip())


if __name__ == "__main__":
    _ = SQLITE_SCHEMA.write_text(asyncio.run(schema_after_migrations()), encoding="utf-8")
