"""Brings a database to the schema of this version, and tells where it stands."""

from enum import StrEnum
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from hookline.domain.errors import ConfigurationError
from hookline.storage.database import Database


class Standing(StrEnum):
    """How a database's schema stands to the one that this version of Hookline works with."""

    CURRENT = "current"
    OLDER = "older"
    NEWER = "newer"


REMEDIES = {
    Standing.OLDER: "has an older schema than this version of Hookline needs; run `hookline db upgrade`",
    Standing.NEWER: "was upgraded by a newer version of Hookline; install that one, or go back to a copy",
}
"""What to tell people, after the database's place."""

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


async def standing(database: Database) -> Standing:
    """Whether the database has the schema of this version."""
    return _standing_of(await current_revision(database))


async def upgrade(database: Database, revision: str = "head") -> None:
    """Migrate upwards; several processes may ask at once on PostgreSQL, one of them works.

    Raises:
        ConfigurationError: a newer version has migrated it further than this one knows.
    """
    if await standing(database) is Standing.NEWER:
        raise ConfigurationError(f"the database at {database.place} {REMEDIES[Standing.NEWER]}")
    async with database.write() as connection:
        if not database.is_sqlite:
            _ = await connection.execute(text(f"SELECT pg_advisory_xact_lock({_ONE_AT_A_TIME})"))
        await connection.run_sync(_upgrade, revision)


async def downgrade(database: Database, revision: str) -> None:
    """Migrate downwards to a revision, or to `base`."""
    async with database.write() as connection:
        await connection.run_sync(_downgrade, revision)


def _standing_of(revision: str | None) -> Standing:
    known = [script.revision for script in ScriptDirectory.from_config(_configuration()).walk_revisions()]
    if revision == known[0]:
        return Standing.CURRENT
    return Standing.OLDER if revision is None or revision in known else Standing.NEWER


def _revision_of(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _upgrade(connection: Connection, revision: str) -> None:
    command.upgrade(_configuration(connection), revision)


def _downgrade(connection: Connection, revision: str) -> None:
    command.downgrade(_configuration(connection), revision)
