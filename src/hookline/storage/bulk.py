"""Many rows in one statement, in the way each database takes them fastest.

SQLite gets `VALUES` lists of a few sizes (a statement per row would pass the interpreter lock for every row),
PostgreSQL one JSON document per table, whose statement never changes and so stays prepared. Arrays of
values would do too, but asyncpg asks of every element whether it is a list, which costs more than the rest.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, chain, repeat
from typing import TypeAlias

from pydantic_core import to_json
from sqlalchemy import Connection, CursorResult

Cell: TypeAlias = str | int | bytes | None
Cells: TypeAlias = tuple[Cell, ...]

SQLITE_VARIABLES = 32_000


@dataclass(frozen=True, slots=True)
class BulkInsert:
    """An insert of many rows into fixed columns.

    `types` are PostgreSQL's names of the columns' types, in order; binary columns come last.
    """

    table: str
    columns: tuple[str, ...]
    types: tuple[str, ...]
    skips_conflicts: bool = False

    @property
    def binaries(self) -> int:
        """How many columns are binary."""
        return self.types.count("bytea")

    @property
    def words(self) -> int:
        """How many are not."""
        return len(self.types) - self.binaries

    def run(self, connection: Connection, rows: Sequence[Cells]) -> int:
        """Insert the rows, in their order; tells how many were inserted."""
        if not rows:
            return 0
        if connection.dialect.name == "sqlite":
            return self._run_sqlite(connection, rows)
        return _count(connection.exec_driver_sql(_postgresql_text((self,)), tuple(_parameters(self, rows))))

    def _run_sqlite(self, connection: Connection, rows: Sequence[Cells]) -> int:
        inserted = start = 0
        for size in _portions(len(rows), SQLITE_VARIABLES // len(self.columns)):
            flat = tuple(chain.from_iterable(rows[start : start + size]))
            inserted += _count(connection.exec_driver_sql(_sqlite_text(self, size), flat))
            start += size
        return inserted


class GatheredInserts:
    """Inserts that wait for each other: on PostgreSQL all of them are one statement."""

    def __init__(self, connection: Connection) -> None:
        """Begin with none."""
        self._connection = connection
        self._rows: dict[BulkInsert, list[Cells]] = {}

    def add(self, insert: BulkInsert, rows: Sequence[Cells]) -> None:
        """Let rows wait; tables are written in the order in which they were first named."""
        if rows:
            self._rows.setdefault(insert, []).extend(rows)

    def send(self) -> None:
        """Insert everything that waits."""
        waiting, self._rows = self._rows, {}
        if not waiting:
            return
        if self._connection.dialect.name == "sqlite":
            for insert, rows in waiting.items():
                _ = insert.run(self._connection, rows)
            return
        given = chain.from_iterable(_parameters(insert, rows) for insert, rows in waiting.items())
        _ = self._connection.exec_driver_sql(_postgresql_text(tuple(waiting)), tuple(given))


def _portions(count: int, most: int) -> Iterator[int]:
    """Powers of two that add up to a count, the largest first; statements of so few sizes stay prepared."""
    largest = 1 << (most.bit_length() - 1)
    yield from repeat(largest, count // largest)
    yield from (1 << bit for bit in reversed(range(largest.bit_length())) if count % largest & 1 << bit)


def _count(result: CursorResult[tuple[Cell]]) -> int:
    return result.rowcount


def _conflicts(insert: BulkInsert) -> str:
    return " ON CONFLICT DO NOTHING" if insert.skips_conflicts else ""


def _insert_text(insert: BulkInsert, first: int) -> str:
    pairs = list(zip(insert.columns, insert.types, strict=True))
    columns = ", ".join(f"{name} {kind}" for name, kind in pairs[: insert.words])
    binary = [f"unnest(${at}::bytea[])" for at, _ in enumerate(pairs[insert.words :], first + 1)]
    sets = ", ".join([f"json_to_recordset(${first}::text::json) AS ({columns})", *binary])
    names = ", ".join(insert.columns)
    return (
        f"INSERT INTO {insert.table} ({names}) SELECT * FROM ROWS FROM ({sets}) AS given{_conflicts(insert)}"
    )


@lru_cache(maxsize=64)
def _postgresql_text(inserts: tuple[BulkInsert, ...]) -> str:
    firsts = accumulate((1 + insert.binaries for insert in inserts[:-1]), initial=1)
    texts = [_insert_text(insert, first) for insert, first in zip(inserts, firsts, strict=True)]
    before = ", ".join(f"part{at} AS ({text})" for at, text in enumerate(texts[:-1]))
    return f"WITH {before} {texts[-1]}" if before else texts[-1]


def _parameters(insert: BulkInsert, rows: Sequence[Cells]) -> Iterator[str | list[Cell]]:
    names = [name.strip('"') for name in insert.columns[: insert.words]]
    yield to_json([dict(zip(names, row, strict=False)) for row in rows]).decode()
    for at in range(insert.words, len(insert.columns)):
        yield [row[at] for row in rows]


@lru_cache(maxsize=256)
def _sqlite_text(insert: BulkInsert, count: int) -> str:
    row = "(" + ", ".join("?" * len(insert.columns)) + ")"
    names = ", ".join(insert.columns)
    values = ", ".join([row] * count)
    return f"INSERT INTO {insert.table} ({names}) VALUES {values}{_conflicts(insert)}"
