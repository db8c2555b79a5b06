"""Both databases for tests: the fixture `database` is migrated, empty and closed at the end.

The empty schema is made once for each test process. SQLite's file is copied for each test; PostgreSQL takes
a tenth of a second to copy a database, and a thousandth to delete what a test has left in its tables.
"""

import asyncio
import shutil
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hookline.storage.database import Database, open_database, sqlite_url
from hookline.storage.models import Base
from hookline.storage.schema import upgrade
from servers import PostgresServer

SQLITE = "sqlite"
POSTGRES = pytest.param("postgres", marks=pytest.mark.integration)
BOTH = [SQLITE, POSTGRES]
PATIENT_SECONDS = 30
_DELETE_EVERYTHING = ";".join(f"DELETE FROM {table.name}" for table in reversed(Base.metadata.sorted_tables))


async def _migrate(url: str) -> None:
    database = open_database(url, PATIENT_SECONDS)
    try:
        await upgrade(database)
    finally:
        await database.close()


def _migrated(url: str) -> str:
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, _migrate(url)).result()
    return url


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("schema") / "migrated.db"
    _migrated(sqlite_url(path))
    return path


@pytest.fixture(scope="session")
def migrated_postgres(postgres: PostgresServer) -> str:
    """The URL of a migrated database to copy."""
    return _migrated(postgres.create_database())


@pytest.fixture
async def sqlite_database(migrated_sqlite: Path, tmp_path: Path) -> AsyncIterator[Database]:
    """A migrated SQLite database."""
    path = tmp_path / "hookline.db"
    shutil.copy(migrated_sqlite, path)
    database = open_database(sqlite_url(path), PATIENT_SECONDS)
    yield database
    await database.close()


@pytest.fixture(scope="session")
def shared_postgres(postgres: PostgresServer, migrated_postgres: str) -> str:
    """The URL of a migrated database that one test after the other uses."""
    return postgres.create_database(migrated_postgres)


@pytest.fixture
async def postgres_database(shared_postgres: str) -> AsyncIterator[Database]:
    """A migrated PostgreSQL database without any row."""
    database = open_database(shared_postgres, PATIENT_SECONDS)
    async with database.write() as connection:
        _ = await (await connection.get_raw_connection()).driver_connection.execute(_DELETE_EVERYTHING)
    yield database
    await database.close()


@pytest.fixture
async def fresh_postgres_database(
    postgres: PostgresServer, migrated_postgres: str
) -> AsyncIterator[Database]:
    """A migrated PostgreSQL database that no test has used, for those that look at sizes or plans."""
    url = postgres.create_database(migrated_postgres)
    database = open_database(url, PATIENT_SECONDS)
    yield database
    await database.close()
    postgres.drop_database(url)


@pytest.fixture(params=BOTH)
def database(request: pytest.FixtureRequest) -> Database:
    """A migrated database, once of each kind."""
    return request.getfixturevalue(f"{request.param}_database")


@pytest.fixture(params=BOTH)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database, once of each kind."""
    if request.param == SQLITE:
        return sqlite_url(tmp_path / "empty.db")
    return request.getfixturevalue("postgres_url")
