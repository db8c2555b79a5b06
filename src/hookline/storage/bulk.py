"""Many rows in one statement, in the way each database takes them fastest.

SQLite gets one `VALUES` list (a statement per row would pass the interpreter lock for every row),
PostgreSQL one `unnest` of arrays, whose text never changes and so stays prepared.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, chain
from typing import TypeAlias

from sqlalchemy import Connection, CursorResult

Cell: TypeAlias = str | int | bytes | None
Cells: TypeAlias = tuple[Cell, ...]

SQLITE_VARIABLES = 32_000


@dataclass(frozen=True, slots=True)
class BulkInsert:
    """An insert of many rows into fixed columns.

    `types` are PostgreSQL's names of the columns' types, in order.
    """

    table: str
    columns: tuple[str, ...]
    types: tuple[str, ...]
    skips_conflicts: bool = False

    def run(self, connection: Connection, rows: Sequence[Cells]) -> int:
        """Insert the rows, in their order; tells how many were inserted."""
        if not rows:
            return 0
        if connection.dialect.name == "sqlite":
            return self._run_sqlite(connection, rows)
        return _count(connection.exec_driver_sql(_postgresql_text((self,)), tuple(_arrays(rows))))

    def _run_sqlite(self, connection: Connection, rows: Sequence[Cells]) -> int:
        width = len(self.columns)
        most = SQLITE_VARIABLES // width
        inserted = 0
        for start in range(0, len(rows), most):
            part = rows[start : start + most]
            flat = tuple(chain.from_iterable(part))
            inserted += _count(connection.exec_driver_sql(self._sqlite(len(part)), flat))
        return inserted

    def _sqlite(self, count: int) -> str:
        return _sqlite_text(self, count)


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
        arrays = chain.from_iterable(_arrays(rows) for rows in waiting.values())
        _ = self._connection.exec_driver_sql(_postgresql_text(tuple(waiting)), tuple(arrays))


def _count(result: CursorResult[tuple[Cell]]) -> int:
    return result.rowcount


def _conflicts(insert: BulkInsert) -> str:
    return " ON CONFLICT DO NOTHING" if insert.skips_conflicts else ""


def _insert_text(insert: BulkInsert, first: int) -> str:
    arrays = ", ".join(f"${at}::{kind}[]" for at, kind in enumerate(insert.types, first))
    names = ", ".join(insert.columns)
    return f"INSERT INTO {insert.table} ({names}) SELECT * FROM unnest({arrays}){_conflicts(insert)}"


@lru_cache(maxsize=64)
def _postgresql_text(inserts: tuple[BulkInsert, ...]) -> str:
    firsts = accumulate((len(insert.columns) for insert in inserts[:-1]), initial=1)
    texts = [_insert_text(insert, first) for insert, first in zip(inserts, firsts, strict=True)]
    before = ", ".join(f"part{at} AS ({text})" for at, text in enumerate(texts[:-1]))
    return f"WITH {before} {texts[-1]}" if before else texts[-1]


def _arrays(rows: Sequence[Cells]) -> list[list[Cell]]:
    return [list(column) for column in zip(*rows, strict=True)]


@lru_cache(maxsize=2048)
def _sqlite_text(insert: BulkInsert, count: int) -> str:
    row = "(" + ", ".join("?" * len(insert.columns)) + ")"
    names = ", ".join(insert.columns)
    values = ", ".join([row] * count)
    return f"INSERT INTO {insert.table} ({names}) VALUES {values}{_conflicts(insert)}"
