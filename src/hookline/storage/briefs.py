"""Reads what workers are told beside the task itself."""

from collections.abc import Mapping, Sequence

from pydantic import TypeAdapter
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from hookline.domain.briefs import Brief, Words, WordsKind
from hookline.domain.ids import TaskId
from hookline.domain.lifecycle import Fence
from hookline.storage.database import Database
from hookline.storage.models import SessionRow, TaskRow, WordsRow

_KIND: TypeAdapter[WordsKind] = TypeAdapter(WordsKind)


class SqlBriefReader:
    """`BriefReader` on SQLite and PostgreSQL."""

    def __init__(self, database: Database) -> None:
        """Keep the database."""
        self._database = database

    async def briefs(self, task_ids: Sequence[TaskId], /) -> Mapping[TaskId, Brief]:
        """The briefs of these tasks; see the port."""
        if not task_ids:
            return {}
        async with self._database.read() as connection:
            sessions = await _sessions(connection, task_ids)
            words = await _words(connection, task_ids)
        return {each: Brief(sessions.get(each), tuple(words.get(each, ()))) for each in task_ids}


async def _sessions(connection: AsyncConnection, task_ids: Sequence[TaskId]) -> Mapping[str, str]:
    is_same = (SessionRow.conversation == TaskRow.conversation) & (SessionRow.agent == TaskRow.agent)
    query = select(TaskRow.id, SessionRow.session).join(SessionRow, is_same).where(TaskRow.id.in_(task_ids))
    pairs = await connection.execute(query)
    return {row[0]: row[1] for row in pairs}


async def _words(connection: AsyncConnection, task_ids: Sequence[TaskId]) -> Mapping[str, Sequence[Words]]:
    said = (WordsRow.kind, WordsRow.text, WordsRow.said_by, WordsRow.url, WordsRow.said_at)
    query = (
        select(WordsRow.task_id, *said, WordsRow.after_fence)
        .where(WordsRow.task_id.in_(task_ids))
        .order_by(WordsRow.said_at, WordsRow.delivery_id)
    )
    found: dict[str, list[Words]] = {}
    for task_id, kind, text, said_by, url, said_at, after_fence in await connection.execute(query):
        words = Words(_KIND.validate_python(kind), text, said_by, url, said_at, Fence(after_fence))
        found.setdefault(task_id, []).append(words)
    return found
