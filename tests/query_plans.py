"""Hears what statements are really run, and asks the database how it finds their rows."""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, event

from hookline.storage.database import Database

SQLITE_STEP = re.compile(
    r"(SEARCH|SCAN) (\w+)(?: USING (?:COVERING )?(?:INDEX (\w+)|(PRIMARY KEY)))?(?: \(|$)"
)
ALL_ROWS = "all rows of "
IN_ORDER = "in the order of "


@dataclass(frozen=True)
class Asked:
    """A statement as the driver got it."""

    sql: str
    parameters: Sequence


@contextmanager
def heard(database: Database) -> Iterator[list[Asked]]:
    """The statements that are run meanwhile."""
    asked: list[Asked] = []

    def hear(_: Connection, __: object, sql: str, parameters: Sequence, *___: object) -> None:
        asked.append(Asked(sql, parameters))

    engines = {database.writer.sync_engine, database.reader.sync_engine}
    for engine in engines:
        event.listen(engine, "before_cursor_execute", hear)
    try:
        yield asked
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", hear)


async def ways_to_rows(database: Database, asked: Asked) -> set[str]:
    """The indexes in which the database looks up what a statement asks for.

    What it goes through without looking anything up has words before it: `in the order of` an index, or
    `all rows of` a table.
    """
    async with database.read() as connection:
        if database.is_sqlite:
            rows = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked.sql}", asked.parameters)
            return {way for row in rows if (way := _sqlite_way(row[3]))}
        rows = await connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {asked.sql}", asked.parameters)
        plan = rows.scalar_one()
        return set(_postgres_ways((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]))


def _sqlite_way(step: str) -> str | None:
    found = SQLITE_STEP.match(step)
    if found is None or found[2] == "CONSTANT":
        return None
    how, table, index, primary = found.groups()
    if primary or index == f"sqlite_autoindex_{table}_1":
        index = f"pk_{table}"
    if index is None:
        return f"{ALL_ROWS}{table}"
    return index if how == "SEARCH" else f"{IN_ORDER}{index}"


def _postgres_ways(node: dict) -> Iterator[str]:
    if node["Node Type"] == "Seq Scan":
        yield f"{ALL_ROWS}{node['Relation Name']}"
    if "Index Name" in node:
        yield node["Index Name"] if "Index Cond" in node else f"{IN_ORDER}{node['Index Name']}"
    for inner in node.get("Plans", ()):
        yield from _postgres_ways(inner)
