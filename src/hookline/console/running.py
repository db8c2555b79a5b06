"""Runs a command that looks into the database of a gateway."""

import asyncio
import os
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from hookline.configuration import settings_for_reading
from hookline.core.insights import Insights
from hookline.domain.errors import ConfigurationError, StorageUnavailableError
from hookline.reading import make_insights
from hookline.settings import Settings
from hookline.storage import schema
from hookline.storage.database import Database, open_database

ResultT = TypeVar("ResultT")


@dataclass(frozen=True, slots=True)
class Desk:
    """What a command that looks into the database works with."""

    settings: Settings
    database: Database
    insights: Insights


def run_at_desk(work: Callable[[Desk], Awaitable[ResultT]]) -> ResultT:
    """Run a command on the database of the settings."""
    return asyncio.run(_run(work))


async def _run(work: Callable[[Desk], Awaitable[ResultT]]) -> ResultT:
    async with desk(settings_for_reading(os.environ)) as opened:
        return await work(opened)


@asynccontextmanager
async def desk(settings: Settings) -> AsyncGenerator[Desk]:
    """Open the database of a gateway that has run before.

    Raises:
        ConfigurationError: there is none yet.
        StorageUnavailableError: it does not answer; says which and why.
    """
    database = open_database(settings.database_url)
    if is_missing(database):
        place = place_of(database)
        raise ConfigurationError(f"there is no database at {place} yet; start `hookline serve`")
    try:
        yield Desk(settings, database, make_insights(database))
    except StorageUnavailableError as error:
        raise StorageUnavailableError(await _explained(database, error)) from None
    finally:
        await database.close()


def place_of(database: Database) -> str:
    """Where a database is, for people: a file's path, or a URL without its password."""
    return (database.url.database or "") if database.is_sqlite else database.place


def is_missing(database: Database) -> bool:
    """Whether this is a SQLite file that nobody has made yet."""
    return database.is_sqlite and not Path(database.url.database or "").is_file()


async def _explained(database: Database, error: StorageUnavailableError) -> str:
    with suppress(StorageUnavailableError):
        if (standing := await schema.standing(database)) is not schema.Standing.CURRENT:
            return f"the database at {place_of(database)} {schema.REMEDIES[standing]}"
    return f"the database at {place_of(database)} does not answer ({error})"
