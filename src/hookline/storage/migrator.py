"""Brings a database to the schema of this version, and tells where it stands."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from hookline.storage.database import Database

_FOLDER = Path(__file__).parent / "migrations"
_ONE_AT_A_TIME = 7_465_204


def _configuration(connection: Connection | None = None) -> Config:
    configuration = Config()
    configuration.set_main_option("script_location", str(_FOLDER))
    configuration.attributes["connection"] = connection
    return configuration


def newest_revision() -> str | None:
    """The revision this version of Hookline works with."""
    return ScriptDirectory.from_config(_configuration()).get_current_head()


async def current_revision(database: Database) -> str | None:
    """The revision the database is at; `None` for an empty one."""
    async with database.read() as connection:
        return await connection.run_sync(_revision_of)


async def is_current(database: Database) -> bool:
    """Whether the database has the schema of this version."""
    return await current_revision(database) == newest_revision()


async def upgrade(database: Database, revision: str = "head") -> None:
    """Migrate upwards; several processes may ask at once on PostgreSQL, one of them works."""
    async with database.write() as connection:
        if not database.is_sqlite:
            _ = await connection.execute(text(f"SELECT pg_advisory_xact_lock({_ONE_AT_A_TIME})"))
        await connection.run_sync(_upgrade, revision)


async def downgrade(database: Database, revision: str) -> None:
    """Migrate downwards to a revision, or to `base`."""
    async with database.write() as connection:
        await connection.run_sync(_downgrade, revision)


def _revision_of(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _upgrade(connection: Connection, revision: str) -> None:
    command.upgrade(_configuration(connection), revision)


def _downgrade(connection: Connection, revision: str) -> None:
    command.downgrade(_configuration(connection), revision)
