"""The schema: up, down and up again on both databases, and the same as the models'."""

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, inspect, select, text

from databases import PATIENT_SECONDS
from hookline.domain.errors import ConfigurationError, StorageUnavailableError, UnstorableError
from hookline.probes import DatabaseProbe
from hookline.storage import migrator, schema
from hookline.storage.database import Database, open_database, sqlite_url
from hookline.storage.migrator import downgrade, migrate
from hookline.storage.models import Base
from hookline.storage.schema import (
    SQLITE_SCHEMA,
    Standing,
    current_revision,
    known_revisions,
    newest_revision,
    standing,
    upgrade,
)
from hookline.storage.snapshot import schema_after_migrations

MODELS = Base.metadata.sorted_tables
MIGRATIONS = Path(migrator.__file__).parent / "migrations"
TABLES = set(Base.metadata.tables)


def _tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names()) - {"alembic_version"}


def _differences(connection: Connection) -> list[object]:
    options = {"compare_type": True}
    return compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata)


async def tables(database: Database) -> set[str]:
    async with database.read() as connection:
        return await connection.run_sync(_tables)


async def test_up_down_and_up_again(empty_url: str) -> None:
    database = open_database(empty_url)
    try:
        assert await current_revision(database) is None
        await upgrade(database)
        assert await current_revision(database) == newest_revision()
        assert await tables(database) == TABLES
        await downgrade(database, "base")
        assert await standing(database) is Standing.OLDER
        assert await tables(database) == set()
        await upgrade(database)
        assert await standing(database) is Standing.CURRENT
        await upgrade(database)
        assert await tables(database) == TABLES
    finally:
        await database.close()


def test_the_revisions_are_the_chain_that_alembic_reads() -> None:
    chain = [script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()]
    assert list(known_revisions()) == chain[::-1]
    assert len(chain) == len(list((MIGRATIONS / "versions").glob("*.py")))


async def test_a_new_file_gets_what_the_migrations_leave() -> None:
    left = await schema_after_migrations()
    assert SQLITE_SCHEMA.read_text(encoding="utf-8") == left, "run scripts/schema"


async def test_the_migrations_leave_no_rows_that_a_new_file_would_lack(older_file: Database) -> None:
    await migrate(older_file, "head")
    async with older_file.read() as connection:
        counts = [await connection.scalar(select(func.count()).select_from(table)) for table in MODELS]
    assert counts == [0] * len(MODELS)


async def test_a_file_of_an_older_version_is_migrated(older_file: Database) -> None:
    await migrate(older_file, known_revisions()[0])
    assert await standing(older_file) is Standing.OLDER
    await upgrade(older_file)
    assert await standing(older_file) is Standing.CURRENT
    async with older_file.read() as connection:
        assert await connection.run_sync(_differences) == []


async def test_several_may_make_one_empty_file_at_once(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "shared.db")
    databases = [open_database(url, PATIENT_SECONDS) for _ in range(4)]
    try:
        _ = await asyncio.gather(*(upgrade(database) for database in databases))
        assert [await standing(database) for database in databases] == [Standing.CURRENT] * 4
    finally:
        for database in databases:
            await database.close()


async def test_a_file_whose_making_is_cut_off_is_empty_and_made_again(
    older_file: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_off = tmp_path / "schema.sql"
    cut_off.write_text(SQLITE_SCHEMA.read_text(encoding="utf-8") + ";\n\nCREATE")
    with monkeypatch.context() as patch:
        patch.setattr(schema, "SQLITE_SCHEMA", cut_off)
        with pytest.raises(StorageUnavailableError):
            await upgrade(older_file)
    assert await current_revision(older_file) is None
    assert await tables(older_file) == set()
    await upgrade(older_file)
    assert await standing(older_file) is Standing.CURRENT


@pytest.fixture
async def older_file(tmp_path: Path) -> AsyncIterator[Database]:
    """An empty SQLite file."""
    database = open_database(sqlite_url(tmp_path / "older.db"))
    yield database
    await database.close()


def _parts(connection: Connection) -> set[tuple[str, str]]:
    inspector = inspect(connection)
    names = inspector.get_table_names()
    return {
        (name, str(part["name"]))
        for name in names
        for part in (*inspector.get_columns(name), *inspector.get_indexes(name))
    }


async def test_each_step_down_takes_back_what_its_step_up_brought(empty_url: str) -> None:
    database = open_database(empty_url)
    parts = [await _parts_at(database)]
    revisions = ["base"]
    try:
        while revisions[-1] != newest_revision():
            await migrate(database, "+1")
            revisions.append(str(await current_revision(database)))
            parts.append(await _parts_at(database))
        assert all(len(before) < len(after) for before, after in pairwise(parts))
        for revision, before in reversed(list(zip(revisions, parts, strict=True))):
            await downgrade(database, revision)
            assert await _parts_at(database) == before
    finally:
        await database.close()


async def _parts_at(database: Database) -> set[tuple[str, str]]:
    """The columns and indexes that there are, beside the number of the revision."""
    async with database.read() as connection:
        parts = await connection.run_sync(_parts)
    return {(table, name) for table, name in parts if table != "alembic_version"}


async def test_what_a_newer_version_upgraded_is_left_alone(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert await standing(database) is Standing.NEWER
    assert await DatabaseProbe(database).trouble() is None
    with pytest.raises(ConfigurationError, match="newer version"):
        await upgrade(database)
    assert await current_revision(database) == "9999"


@pytest.fixture
def postgres_database(fresh_postgres_database: Database) -> Database:
    """One of its own: the schema of the shared one stays as it is."""
    return fresh_postgres_database


async def test_an_older_schema_is_trouble(database: Database) -> None:
    await downgrade(database, "base")
    assert "hookline db upgrade" in (await DatabaseProbe(database).trouble() or "")


async def test_the_models_are_the_migrated_schema(database: Database) -> None:
    async with database.read() as connection:
        assert await connection.run_sync(_differences) == []


async def _add_task(database: Database, name: str, state: str, conversation: str) -> None:
    words = [
        "provider",
        "source",
        "lane",
        "origin",
        "delivery_id",
        "trigger",
        "verb",
        "text",
        "title",
        "rule",
        "agent",
        "mode",
    ]
    columns = ", ".join(f'"{word}"' for word in words)
    values = ", ".join(f"'{word}'" for word in words)
    async with database.write() as connection:
        await connection.execute(
            text(
                f"INSERT INTO tasks (id, state, band, accepted_at, conversation, {columns}) "
                f"VALUES (:id, :state, 2, 0, :conversation, {values})"
            ),
            {"id": name, "state": state, "conversation": conversation},
        )


async def test_a_conversation_has_one_running_task(database: Database) -> None:
    await _add_task(database, "a", "running", "github:octo/app#12")
    await _add_task(database, "b", "queued", "github:octo/app#12")
    await _add_task(database, "c", "running", "github:octo/app#13")
    with pytest.raises(UnstorableError):
        await _add_task(database, "d", "running", "github:octo/app#12")
    with pytest.raises(UnstorableError):
        async with database.write() as connection:
            await connection.execute(text("UPDATE tasks SET state = 'running' WHERE id = 'b'"))


async def test_an_ended_task_makes_room_for_the_next(database: Database) -> None:
    await _add_task(database, "a", "running", "github:octo/app#12")
    async with database.write() as connection:
        await connection.execute(text("UPDATE tasks SET state = 'succeeded' WHERE id = 'a'"))
    await _add_task(database, "b", "running", "github:octo/app#12")
