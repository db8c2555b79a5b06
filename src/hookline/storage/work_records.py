"""What attempts tell while they run, on SQLite and PostgreSQL."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from itertools import accumulate
from typing import TypeAlias, TypeVar

from pydantic_core import to_json
from sqlalchemy import Connection, select, update

from hookline.core.answers import json_bytes
from hookline.core.fit_json import UnfitJsonError, fit_json
from hookline.core.lifecycle import TaskLife
from hookline.domain.errors import UnfitRecordError
from hookline.domain.lifecycle import Lost
from hookline.domain.source import MEBIBYTE
from hookline.domain.text import TEXT_LIMIT, clean, shorten
from hookline.domain.work_records import AgentLine, EffectKept, EffectWish, Logged, Usage
from hookline.domain.workers import WorkLease
from hookline.storage.columns import microseconds
from hookline.storage.database import Database
from hookline.storage.effects import keep_effect
from hookline.storage.life_rows import locked_tasks
from hookline.storage.models import AttemptRow, TaskRow
from hookline.storage.row_views import usage_of
from hookline.storage.rows import INSERT_EVENTS, stored_name
from hookline.storage.task_changes import add_fact, last_seq

MOST_PAYLOAD_BYTES = 64 * 1024
MOST_LOGGED_BYTES = 64 * MEBIBYTE
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
_Told: TypeAlias = tuple[str, bytes]


class SqlWorkRecords:
    """`WorkRecords` in the tables of attempts, facts, sessions and effects."""

    def __init__(self, database: Database, most_logged_bytes: int = MOST_LOGGED_BYTES) -> None:
        """Keep the database, and how many bytes of lines are kept of an attempt."""
        self._database = database
        self._most_logged_bytes = most_logged_bytes

    async def log(
        self, lease: WorkLease, first: int, lines: Sequence[AgentLine], now: datetime, /
    ) -> Logged | Lost:
        """Add lines to the task's story; see the port."""
        work = partial(_log, first=first, lines=lines, now=now, most_bytes=self._most_logged_bytes)
        return await self._while_held(lease, work)

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
    connection: Connection,
    task: TaskLife,
    first: int,
    lines: Sequence[AgentLine],
    now: datetime,
    most_bytes: int,
) -> Logged:
    is_own = (AttemptRow.task_id == task.id) & (AttemptRow.fence == task.fence)
    counts = select(AttemptRow.logged_lines, AttemptRow.logged_bytes).where(is_own)
    known, size = connection.execute(counts).one()
    if first > known + 1:
        raise UnfitRecordError(f"first: the next line of this attempt is number {known + 1}")
    fresh = [_told(number, line) for number, line in list(enumerate(lines, first))[known + 1 - first :]]
    sizes = list(accumulate((len(data) for _, data in fresh), initial=size))
    kept = [told for told, end in zip(fresh, sizes[1:], strict=True) if end <= most_bytes]
    if size <= most_bytes < sizes[-1]:
        truncated = json_bytes({"n": known + len(kept) + 1, "most_bytes": most_bytes})
        _add_told(connection, task, now, [*kept, ("log.truncated", truncated)])
    elif kept:
        _add_told(connection, task, now, kept)
    if fresh:
        counted = {"logged_lines": known + len(fresh), "logged_bytes": sizes[-1]}
        _ = connection.execute(update(AttemptRow).where(is_own).values(counted))
    return Logged(len(kept), known + len(fresh) + 1, is_truncated=sizes[-1] > most_bytes)


def _add_told(connection: Connection, task: TaskLife, now: datetime, told: Sequence[_Told]) -> None:
    seq, at = last_seq(connection, task.id) + 1, microseconds(now)
    rows = [
        (task.id, seq + place, at, event, None, task.fence, data.decode())
        for place, (event, data) in enumerate(told)
    ]
    _ = INSERT_EVENTS.run(connection, rows)


def _told(number: int, line: AgentLine) -> _Told:
    name = {} if line.name is None else {"name": stored_name(line.name)}
    data = {"n": number, **name, "text": shorten(clean(line.text), TEXT_LIMIT)}
    return f"agent.{line.event}", json_bytes(data)


def _use(connection: Connection, task: TaskLife, usage: Usage) -> Usage:
    is_own = (AttemptRow.task_id == task.id) & (AttemptRow.fence == task.fence)
    stored = connection.execute(select(AttemptRow.usage).where(is_own)).scalar_one()
    known = usage_of(stored) or Usage()
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
