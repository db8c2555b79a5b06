"""Many rows in one statement, in the way each database takes them fastest.

SQLite gets one `VALUES` list (a statement per row would pass the interpreter lock for every row),
PostgreSQL one `unnest` of arrays, whose text never changes and so stays prepared.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
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
        columns = tuple(map(list, zip(*rows, strict=True)))
        return _count(connection.exec_driver_sql(self._postgresql, columns))

    def _run_sqlite(self, connection: Connection, rows: Sequence[Cells]) -> int:
        width = len(self.columns)
        most = SQLITE_VARIABLES // width
        inserted = 0
        for start in range(0, len(rows), most):
            part = rows[start : start + most]
            flat = tuple(chain.from_iterable(part))
            inserted += _count(connection.exec_driver_sql(self._sqlite(len(part)), flat))
        return inserted

    @property
    def _postgresql(self) -> str:
        return _postgresql_text(self)

    def _sqlite(self, count: int) -> str:
        return _sqlite_text(self, count)


def _count(result: CursorResult[tuple[Cell]]) -> int:
    return result.rowcount


def _conflicts(insert: BulkInsert) -> str:
    return " ON CONFLICT DO NOTHING" if insert.skips_conflicts else ""


@lru_cache(maxsize=32)
def _postgresql_text(insert: BulkInsert) -> str:
    arrays = ", ".join(f"${at}::{kind}[]" for at, kind in enumerate(insert.types, 1))
    names = ", ".join(insert.columns)
    return f"INSERT INTO {insert.table} ({names}) SELECT * FROM unnest({arrays}){_conflicts(insert)}"


@lru_cache(maxsize=2048)
def _sqlite_text(insert: BulkInsert, count: int) -> str:
    row = "(" + ", ".join("?" * len(insert.columns)) + ")"
    names = ", ".join(insert.columns)
    values = ", ".join([row] * count)
    return f"INSERT INTO {insert.table} ({names}) VALUES {values}{_conflicts(insert)}"
