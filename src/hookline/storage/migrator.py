"""Migrates a database step by step, by Alembic."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from hookline.storage.database import Database

_FOLDER = Path(__file__).parent / "migrations"
_ONE_AT_A_TIME = 7_465_204


async def migrate(database: Database, revision: str) -> None:
    """Migrate upwards to a revision, or to `head`.

    Several processes may ask at once on PostgreSQL, one of them works.
    """
    async with database.write() as connection:
        if not database.is_sqlite:
            _ = await connection.execute(text(f"SELECT pg_advisory_xact_lock({_ONE_AT_A_TIME})"))
        await connection.run_sync(_upgrade, revision)


async def downgrade(database: Database, revision: str) -> None:
    """Migrate downwards to a revision, or to `base`."""
    async with database.write() as connection:
        await connection.run_sync(_downgrade, revision)


def _upgrade(connection: Connection, revision: str) -> None:
    command.upgrade(_configuration(connection), revision)


def _downgrade(connection: Connection, revision: str) -> None:
    command.downgrade(_configuration(connection), revision)


def _configuration(connection: Connection) -> Config:
    configuration = Config()
    configuration.set_main_option("script_location", str(_FOLDER))
    configuration.attributes["connection"] = connection
    return configuration
