"""Runs migrations on the connection it is given, or on the one `DATABASE_URL` names."""

import asyncio
import os
from datetime import datetime
from itertools import chain
from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection, MetaData
from sqlalchemy.schema import SchemaItem
from sqlalchemy.types import TypeEngine

from hookline.storage.columns import Instant
from hookline.storage.database import open_database
from hookline.storage.models import Base


def render(
    kind: str, item: SchemaItem | TypeEngine[datetime], _context: AutogenContext
) -> str | Literal[False]:
    """How a new migration writes what is our own: by what the database knows of it."""
    return "sa.BigInteger()" if kind == "type" and isinstance(item, Instant) else False


def tell_postgresql(metadata: MetaData) -> None:
    """Let the partial indexes of the models be partial on PostgreSQL too."""
    for index in chain.from_iterable(table.indexes for table in metadata.tables.values()):
        if (where := index.dialect_kwargs.get("sqlite_where")) is not None:
            index.dialect_options["postgresql"]["where"] = where


def migrate(connection: Connection) -> None:
    """Run the asked-for migrations in one transaction."""
    tell_postgresql(Base.metadata)
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        transaction_per_migration=True,
        render_item=render,
    )
    with context.begin_transaction():
        context.run_migrations()


async def migrate_by_url(url: str) -> None:
    """Open the database of a URL and migrate it."""
    database = open_database(url)
    async with database.write() as connection:
        await connection.run_sync(migrate)
    await database.close()


given = context.config.attributes.get("connection")
if isinstance(given, Connection):
    migrate(given)
else:
    asyncio.run(migrate_by_url(os.environ.get("DATABASE_URL", "sqlite:///hookline.db")))
