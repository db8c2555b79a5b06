"""Bulk inserts of any size on SQLite, and a write-ahead log that is carried over beside the transactions."""

import asyncio
import shutil
import sqlite3
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine

from hookline.domain.errors import HooklineError
from hookline.storage.bulk import SQLITE_VARIABLES, BulkInsert
from hookline.storage.database import Database, open_database, sqlite_url
from hookline.storage.transactors import Checkpointer

NUMBERS = BulkInsert("numbers", ("number", "word"), ("bigint", "text"))


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = open_database(sqlite_url(tmp_path / "numbers.db"))

    def create(connection: Connection) -> None:
        connection.exec_driver_sql("CREATE TABLE numbers (number INTEGER, word TEXT)")

    await opened.transact(create)
    yield opened
    await opened.close()


@pytest.mark.parametrize("count", [1, 2, 3, 31, 32, 33, 127, SQLITE_VARIABLES + 77])
async def test_any_number_of_rows_is_inserted_in_order(database: Database, count: int) -> None:
    rows = [(number, f"w{number}") for number in range(count)]

    def insert(connection: Connection) -> int:
        return NUMBERS.run(connection, rows)

    def read(connection: Connection) -> list[tuple[int, str]]:
        return [tuple(row) for row in connection.exec_driver_sql("SELECT * FROM numbers ORDER BY rowid")]

    assert await database.transact(insert) == count
    assert await database.transact(read) == rows


async def test_a_view_is_of_one_moment_and_holds_nobody_up(database: Database) -> None:
    began, written = threading.Event(), threading.Event()

    def count(connection: Connection) -> int:
        return connection.exec_driver_sql("SELECT count(*) FROM numbers").scalar_one()

    def look_twice(connection: Connection) -> tuple[int, int]:
        first = count(connection)
        began.set()
        assert written.wait(30)
        return first, count(connection)

    looking = asyncio.create_task(database.view(look_twice))
    assert await asyncio.to_thread(began.wait, 30)
    await database.transact(lambda connection: NUMBERS.run(connection, [(1, "one")]))
    written.set()
    assert await looking == (0, 0)
    assert await database.view(count) == 1


async def test_a_view_of_nothing_fails_as_the_database_would(database: Database) -> None:
    with pytest.raises(HooklineError, match="OperationalError"):
        await database.view(lambda connection: connection.exec_driver_sql("SELECT 1 FROM nowhere"))


def in_the_file_itself(path: Path, folder: Path) -> int:
    """How many rows the database file has without its write-ahead log."""
    alone = folder / "alone.db"
    shutil.copyfile(path, alone)
    connection = sqlite3.connect(alone)
    try:
        return connection.execute("SELECT count(*) FROM numbers").fetchone()[0]
    finally:
        connection.close()


async def test_what_was_written_is_carried_over_while_others_hold_the_database(tmp_path: Path) -> None:
    path = tmp_path / "numbers.db"
    writer = sqlite3.connect(path)
    writer.execute("PRAGMA journal_mode=WAL")
    writer.execute("CREATE TABLE numbers (number INTEGER)")
    writer.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
    writer.execute("INSERT INTO numbers VALUES (1)")
    writer.commit()
    assert in_the_file_itself(path, tmp_path) == 0
    checkpointer = Checkpointer(create_engine(f"sqlite:///{path}"))
    checkpointer.nudge()
    checkpointer.nudge()
    await checkpointer.close()
    assert in_the_file_itself(path, tmp_path) == 1
    writer.close()


async def test_news_after_the_end_does_not_fail_what_was_committed(tmp_path: Path) -> None:
    checkpointer = Checkpointer(create_engine(f"sqlite:///{tmp_path / 'numbers.db'}"))
    await checkpointer.close()
    checkpointer.nudge()
    assert not (tmp_path / "numbers.db").exists()
