"""Small lookups of many keys at once, with a text that never changes and so stays prepared."""

import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from pydantic import TypeAdapter
from sqlalchemy import Connection

from hookline.domain.ids import TaskId
from hookline.storage.bulk import Cell

_Rows: TypeAlias = list[tuple[str, str, str | None]]
_ROWS: TypeAdapter[_Rows] = TypeAdapter(_Rows)

_IS_ONE_OF = {"sqlite": "IN (SELECT value FROM json_each(?))", "postgresql": "= ANY($1::text[])"}


def is_one_of(connection: Connection, column: str) -> str:
    """A condition on a column, to be given `as_array` as its first parameter."""
    return f"{column} {_IS_ONE_OF[connection.dialect.name]}"


def as_array(connection: Connection, values: Sequence[str]) -> tuple[Cell | list[str], ...]:
    """Many values as one parameter."""
    return (json.dumps(list(values)),) if connection.dialect.name == "sqlite" else (list(values),)


def _select(connection: Connection, columns: str, table: str, key: str, keys: Sequence[str]) -> _Rows:
    condition = is_one_of(connection, key)
    result = connection.exec_driver_sql(
        f"SELECT {columns} FROM {table} WHERE {condition}", as_array(connection, keys)
    )
    return _ROWS.validate_python([tuple(row) for row in result])


def key_owners(connection: Connection, keys: Sequence[str]) -> Mapping[str, tuple[str, TaskId | None]]:
    """Who holds these keys: the delivery and its task."""
    rows = _select(connection, "key, delivery_id, task_id", "dedupe_keys", "key", keys)
    return {key: (delivery_id, TaskId(task_id) if task_id else None) for key, delivery_id, task_id in rows}


def canonical_conversations(connection: Connection, conversations: Sequence[str]) -> Mapping[str, str]:
    """What the aliases among these conversations stand for."""
    rows = _select(connection, "alias, conversation, NULL", "conversation_aliases", "alias", conversations)
    return {alias: conversation for alias, conversation, _ in rows}


def take_turns(connection: Connection, origins: Sequence[str]) -> None:
    """Let the transactions that edit or withdraw the same origins run one after the other.

    Where no task is there yet, there is no row to lock; SQLite has one writer anyway.
    """
    if connection.dialect.name == "postgresql" and origins:
        _ = connection.exec_driver_sql(
            "SELECT pg_advisory_xact_lock(hashtextextended(origin, 0)) FROM unnest($1::text[]) AS origin",
            (sorted(set(origins)),),
        )


def conversations_in_turn(connection: Connection, task_ids: Sequence[TaskId]) -> Sequence[str]:
    """The conversations of these tasks; who starts tasks of the same ones runs one after the other.

    Which of two unstarted tasks comes first no row's lock could tell; SQLite has one writer anyway.
    """
    result = connection.exec_driver_sql(_IN_TURN[connection.dialect.name], as_array(connection, task_ids))
    return _NAMES.validate_python([row[0] for row in result])


_NAMES: TypeAdapter[list[str]] = TypeAdapter(list[str])

_IN_TURN = {
    "sqlite": ("SELECT DISTINCT conversation FROM tasks WHERE id IN (SELECT value FROM json_each(?))"),
    "postgresql": (
        "SELECT conversation, pg_advisory_xact_lock(turn)::text FROM ("
        "SELECT DISTINCT hashtextextended(conversation, 1) AS turn, conversation FROM tasks"
        " WHERE id = ANY($1::text[]) ORDER BY 1) AS places"
    ),
}
