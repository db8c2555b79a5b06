"""What attempts tell while they run, on SQLite and PostgreSQL."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import TypeVar

from pydantic import TypeAdapter
from pydantic_core import to_json
from sqlalchemy import Connection, select, update

from hookline.core.answers import json_bytes
from hookline.core.fit_json import UnfitJsonError, fit_json
from hookline.core.lifecycle import TaskLife
from hookline.domain.errors import UnfitRecordError
from hookline.domain.lifecycle import Lost
from hookline.domain.text import TEXT_LIMIT, clean, shorten
from hookline.domain.work_records import AgentLine, EffectKept, EffectWish, Logged, Usage
from hookline.domain.workers import WorkLease
from hookline.storage.columns import microseconds
from hookline.storage.database import Database
from hookline.storage.effects import keep_effect
from hookline.storage.life_rows import locked_tasks
from hookline.storage.models import AttemptRow, TaskRow
from hookline.storage.rows import INSERT_EVENTS, stored_name
from hookline.storage.task_changes import add_fact, last_seq

MOST_PAYLOAD_BYTES = 64 * 1024
_USAGE: TypeAdapter[Usage] = TypeAdapter(Usage)
_KEEP_SESSION = {
    "sqlite": "INSERT INTO sessions (conversation, agent, session, task_id, fence, told_at)"
    " VALUES (?, ?, ?, ?, ?, ?)",
    "postgresql": "INSERT INTO sessions (conversation, agent, session, task_id, fence, told_at)"
    " VALUES ($1, $2, $3, $4, $5, $6)",
}
_OR_CHANGE_IT = (
    " ON CONFLICT (conversation, agent) DO UPDATE SET session = excluded.session,"
    " task_id = excluded.task_id, fence = excluded.fence, told_at = excluded.told_at"
)

ResultT = TypeVar("ResultT")


class SqlWorkRecords:
    """`WorkRecords` in the tables of attempts, facts, sessions and effects."""

    def __init__(self, database: Database) -> None:
        """Keep the database."""
        self._database = database

    async def log(
        self, lease: WorkLease, first: int, lines: Sequence[AgentLine], now: datetime, /
    ) -> Logged | Lost:
        """Add lines to the task's story; see the port."""
        return await self._while_held(lease, partial(_log, first=first, lines=lines, now=now))

    async def usage(self, lease: WorkLease, usage: Usage, /) -> Usage | Lost:
        """Keep what was used so far; see the port."""
        return await self._while_held(lease, partial(_use, usage=usage))

    async def session(self, lease: WorkLease, session: str, now: datetime, /) -> str | Lost:
        """Keep the agent's session; see the port."""
        return await self._while_held(lease, partial(_keep_session, session=stored_name(session), now=now))

    async def effect(self, lease: WorkLease, wish: EffectWish, now: datetime, /) -> EffectKept | Lost:
        """Keep an effect, to be sent; see the port."""
        try:
            payload = fit_json(wish.payload, MOST_PAYLOAD_BYTES)
        except UnfitJsonError as error:
            raise UnfitRecordError(f"payload: {error}") from None
        return await self._while_held(lease, partial(keep_effect, wish=wish, payload=payload, now=now))

    async def _while_held(
        self, lease: WorkLease, work: Callable[[Connection, TaskLife], ResultT]
    ) -> ResultT | Lost:
        return await self._database.transact(partial(_held, lease=lease, work=work))


def _held(
    connection: Connection, lease: WorkLease, work: Callable[[Connection, TaskLife], ResultT]
) -> ResultT | Lost:
    task = locked_tasks(connection, [lease.task_id]).get(lease.task_id)
    if task is None:
        return Lost(lease.task_id, lease.fence, None, None, None)
    return work(connection, task) if task.is_held_by(lease.fence) else task.lost_to(lease.fence)


def _log(
    connection: Connection, task: TaskLife, first: int, lines: Sequence[AgentLine], now: datetime
) -> Logged:
    is_own = (AttemptRow.task_id == task.id) & (AttemptRow.fence == task.fence)
    known = connection.execute(select(AttemptRow.logged_lines).where(is_own)).scalar_one()
    if first > known + 1:
        raise UnfitRecordError(f"first: the next line of this attempt is number {known + 1}")
    fresh = list(enumerate(lines, first))[known + 1 - first :]
    seq, at = last_seq(connection, task.id) + 1, microseconds(now)
    rows = [
        (task.id, seq + place, at, f"agent.{line.event}", None, task.fence, _told(number, line))
        for place, (number, line) in enumerate(fresh)
    ]
    if rows:
        _ = INSERT_EVENTS.run(connection, rows)
        _ = connection.execute(update(AttemptRow).where(is_own).values(logged_lines=known + len(rows)))
    return Logged(len(rows), known + len(rows) + 1)


def _told(number: int, line: AgentLine) -> str:
    name = {} if line.name is None else {"name": stored_name(line.name)}
    return json_bytes({"n": number, **name, "text": shorten(clean(line.text), TEXT_LIMIT)}).decode()


def _use(connection: Connection, task: TaskLife, usage: Usage) -> Usage:
    is_own = (AttemptRow.task_id == task.id) & (AttemptRow.fence == task.fence)
    stored = connection.execute(select(AttemptRow.usage).where(is_own)).scalar_one()
    known = Usage() if stored is None else _USAGE.validate_json(stored)
    most = Usage(
        input_tokens=max(known.input_tokens, usage.input_tokens),
        cached_input_tokens=max(known.cached_input_tokens, usage.cached_input_tokens),
        output_tokens=max(known.output_tokens, usage.output_tokens),
        turns=max(known.turns, usage.turns),
        cost_micro_usd=max(known.cost_micro_usd, usage.cost_micro_usd),
    )
    _ = connection.execute(update(AttemptRow).where(is_own).values(usage=to_json(most).decode()))
    return most


def _keep_session(connection: Connection, task: TaskLife, session: str, now: datetime) -> str:
    is_own = (AttemptRow.task_id == task.id) & (AttemptRow.fence == task.fence)
    if connection.execute(select(AttemptRow.session).where(is_own)).scalar_one() == session:
        return session
    _ = connection.execute(update(AttemptRow).where(is_own).values(session=session))
    agent = connection.execute(select(TaskRow.agent).where(TaskRow.id == task.id)).scalar_one()
    given = (task.conversation, agent, session, task.id, task.fence, microseconds(now))
    _ = connection.exec_driver_sql(_KEEP_SESSION[connection.dialect.name] + _OR_CHANGE_IT, given)
    add_fact(connection, task.id, now, "task.session_told", None, {"session": session}, task.fence)
    return session
