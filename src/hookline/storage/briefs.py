"""Reads what workers are told of the tasks that they begin."""

from collections.abc import Mapping, Sequence

from pydantic import TypeAdapter
from sqlalchemy import BindParameter, Connection, bindparam, func, select
from sqlalchemy.orm import Session

from hookline.domain.briefs import Brief, Words, WordsKind
from hookline.domain.ids import TaskId
from hookline.domain.lifecycle import AttemptOutcome
from hookline.storage.models import AttemptRow, SessionRow, TaskRow, WordsRow
from hookline.storage.row_views import task_of

_KIND: TypeAdapter[WordsKind] = TypeAdapter(WordsKind)
_GIVEN: BindParameter[str] = bindparam("task_ids", expanding=True)
_WAS_HEARD = AttemptRow.confirmed_at.is_not(None) | (AttemptRow.outcome != AttemptOutcome.UNCLAIMED.value)
_TOLD_BEFORE = (
    select(func.coalesce(func.max(AttemptRow.fence), 0))
    .where((AttemptRow.task_id == TaskRow.id) & (AttemptRow.fence < TaskRow.fence) & _WAS_HEARD)
    .scalar_subquery()
)
_TASKS = (
    select(TaskRow, SessionRow.session, _TOLD_BEFORE)
    .outerjoin(
        SessionRow, (SessionRow.conversation == TaskRow.conversation) & (SessionRow.agent == TaskRow.agent)
    )
    .where(TaskRow.id.in_(_GIVEN))
)
_WORDS = select(WordsRow).where(WordsRow.task_id.in_(_GIVEN)).order_by(WordsRow.said_at, WordsRow.delivery_id)


def briefs_of(connection: Connection, task_ids: Sequence[TaskId]) -> Mapping[TaskId, Brief]:
    """The briefs of these tasks; each that exists has one."""
    if not task_ids:
        return {}
    given = {"task_ids": task_ids}
    with Session(connection) as session:
        words: dict[str, list[Words]] = {}
        for row in session.scalars(_WORDS, given):
            words.setdefault(row.task_id, []).append(_words_of(row))
        return {
            TaskId(row.id): Brief(task_of(row), newest, told_before, tuple(words.get(row.id, ())))
            for row, newest, told_before in session.execute(_TASKS, given)
        }


def _words_of(row: WordsRow) -> Words:
    kind = _KIND.validate_python(row.kind)
    return Words(kind, row.text, row.said_by, row.url, row.said_at, row.after_fence)
