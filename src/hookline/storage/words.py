"""What was said to tasks after they were made: follow-ups that they absorbed, and answers."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from hookline.domain.frozen import frozen
from hookline.domain.ids import DeliveryId, TaskId
from hookline.domain.lifecycle import Fence
from hookline.storage.bulk import BulkInsert
from hookline.storage.columns import microseconds

ANSWER = "answer"

INSERT_WORDS = BulkInsert(
    "words",
    ("task_id", "delivery_id", "kind", "text", "said_by", "url", "said_at", "after_fence"),
    ("text", "text", "text", "text", "text", "text", "bigint", "bigint"),
    skips_conflicts=True,
)

_FOLD_WORDS = {
    "sqlite": (
        "INSERT INTO words (task_id, delivery_id, kind, text, said_by, url, said_at, after_fence)"
        " SELECT ?, delivery_id, 'folded', text, coalesce(requested_by_name, requested_by), url,"
        " accepted_at, ? FROM tasks WHERE id = ? ON CONFLICT DO NOTHING"
    ),
    "postgresql": (
        "INSERT INTO words (task_id, delivery_id, kind, text, said_by, url, said_at, after_fence)"
        " SELECT $1::text, delivery_id, 'folded', text, coalesce(requested_by_name, requested_by), url,"
        " accepted_at, $2::bigint FROM tasks WHERE id = $3 ON CONFLICT DO NOTHING"
    ),
}
_JOIN_DELIVERIES = {
    "sqlite": (
        "INSERT INTO delivery_tasks (task_id, delivery_id, role)"
        " SELECT ?, delivery_id, 'folded' FROM delivery_tasks WHERE task_id = ? ON CONFLICT DO NOTHING"
    ),
    "postgresql": (
        "INSERT INTO delivery_tasks (task_id, delivery_id, role)"
        " SELECT $1::text, delivery_id, 'folded' FROM delivery_tasks WHERE task_id = $2"
        " ON CONFLICT DO NOTHING"
    ),
}


@frozen
class Fold:
    """A follow-up that became part of another task, whose newest attempt then was `after_fence`."""

    task_id: TaskId
    into: TaskId
    after_fence: Fence


def add_folded(connection: Connection, folds: Sequence[Fold]) -> None:
    """Give tasks the words and the deliveries of what they absorbed; both rows are locked."""
    dialect = connection.dialect.name
    for fold in folds:
        words = (fold.into, fold.after_fence, fold.task_id)
        _ = connection.exec_driver_sql(_FOLD_WORDS[dialect], words)
        _ = connection.exec_driver_sql(_JOIN_DELIVERIES[dialect], (fold.into, fold.task_id))


@frozen
class Answer:
    """What a person answered a task that waited."""

    delivery_id: DeliveryId
    text: str
    said_by: str | None
    url: str | None
    said_at: datetime


def add_answer(connection: Connection, task_id: TaskId, after_fence: Fence, answer: Answer) -> None:
    """Give a task an answer; its row is locked."""
    said_at = microseconds(answer.said_at)
    given = (ANSWER, answer.text, answer.said_by, answer.url, said_at, after_fence)
    _ = INSERT_WORDS.run(connection, [(task_id, answer.delivery_id, *given)])
