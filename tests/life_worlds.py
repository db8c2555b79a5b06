"""Small worlds of tasks on one SQLite file, put back as they were for each history; all in one thread."""

import asyncio
import shutil
import sqlite3
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, create_engine, event, select, update
from sqlalchemy.pool import StaticPool

from hookline.domain.ids import TaskId
from hookline.domain.lifecycle import Fence, LifeLimits
from hookline.domain.rules import Plan
from hookline.storage.database import Database, open_database, sqlite_url
from hookline.storage.lifecycle import SqlLifecycleStore
from hookline.storage.models import AttemptRow, DeliveryTaskRow, TaskEventRow, TaskRow, WordsRow
from lives import Office
from submissions import LANE, PLAN

ResultT = TypeVar("ResultT")

LIMITS = LifeLimits(most_tries=2, most_losses=1, most_unclaimed=2, most_folded=2)
FOLDS = replace(PLAN, folds=True)
FOLDS_APART = replace(FOLDS, agent="another")
HERE, THERE = f"{LANE}#1", f"{LANE}#2"
WORLDS: Mapping[str, Sequence[tuple[str, Plan]]] = {
    "two conversations": [*[(HERE, PLAN)] * 3, *[(THERE, PLAN)] * 3],
    "follow-ups": [
        *[(HERE, FOLDS)] * 4,
        *((THERE, FOLDS), (THERE, FOLDS_APART), (THERE, PLAN)),
    ],
}


@dataclass
class Kept:
    """What is stored of a task: columns of its row, and the rows that belong to it."""

    row: tuple
    outcome: str | None
    attempts: list[tuple[Fence, datetime | None]] = field(default_factory=list)
    facts: list[int] = field(default_factory=list)
    words: list[tuple[str, Fence]] = field(default_factory=list)
    roles: list[str] = field(default_factory=list)


class InPlace:
    """A transactor that lets whoever asks wait."""

    def __init__(self, path: Path) -> None:
        self.engine = create_engine(
            f"sqlite:///{path}", poolclass=StaticPool, connect_args={"isolation_level": None}
        )
        event.listen(self.engine, "connect", _prepare)
        event.listen(self.engine, "begin", _begin)

    async def run(self, work: Callable[[Connection], ResultT]) -> ResultT:
        with self.engine.begin() as connection:
            return work(connection)

    async def close(self) -> None:
        self.engine.dispose()


def _prepare(connection: sqlite3.Connection, _entry: object) -> None:
    for pragma in ("foreign_keys=ON", "synchronous=OFF", "temp_store=MEMORY"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


@dataclass
class Start:
    """How a world begins: its rows, its time, and who its tasks are."""

    rows: sqlite3.Connection
    now: datetime
    task_ids: Sequence[TaskId]


class Books:
    """One database for all histories, so that its statements are compiled once."""

    def __init__(self, migrated: Path, folder: Path) -> None:
        path = Path(shutil.copy(migrated, folder))
        self._transactor = InPlace(path)
        self._database: Database = replace(open_database(sqlite_url(path)), transactor=self._transactor)
        self._loop = asyncio.new_event_loop()
        self.office = Office(self._database, SqlLifecycleStore(self._database, LIMITS))
        empty = self._copied()
        self._starts: dict[str, Start] = {}
        for world, tasks in WORLDS.items():
            empty.backup(self._raw)
            self._starts[world] = self._begun(tasks)
        empty.close()

    @property
    def _raw(self) -> sqlite3.Connection:
        connection = self._transactor.engine.raw_connection().driver_connection
        assert isinstance(connection, sqlite3.Connection)
        return connection

    def _copied(self) -> sqlite3.Connection:
        copy = sqlite3.connect(":memory:")
        self._raw.backup(copy)
        return copy

    def _begun(self, tasks: Sequence[tuple[str, Plan]]) -> Start:
        task_ids = [
            self.wait_for(self.office.accept(conversation, plan=plan, text=f"task {number}"))
            for number, (conversation, plan) in enumerate(tasks)
        ]
        return Start(self._copied(), self.office.now, task_ids)

    def wait_for(self, work: Coroutine[None, None, ResultT]) -> ResultT:
        return self._loop.run_until_complete(work)

    def begin(self, world: str) -> Sequence[TaskId]:
        """Put everything back to how a world begins."""
        start = self._starts[world]
        start.rows.backup(self._raw)
        self.office.sender.clock.now = start.now
        return start.task_ids

    def read(self) -> Mapping[TaskId, Kept]:
        """All tasks, in one transaction."""
        return self.wait_for(self._transactor.run(_read))

    def let_rest(self, task_id: TaskId, since: datetime | None) -> None:
        """Pause a task, or let it go on."""
        change = update(TaskRow).where(TaskRow.id == task_id).values(paused_at=since)
        self.wait_for(self._transactor.run(lambda connection: connection.execute(change)))

    def close(self) -> None:
        for start in self._starts.values():
            start.rows.close()
        self.wait_for(self._database.close())
        self._loop.close()


COLUMNS = ("state", "fence", "due_at", "lease_ends_at", "lost_count", "unclaimed_count", "tries")
_TASKS = select(TaskRow.id, TaskRow.outcome, *(getattr(TaskRow, name) for name in COLUMNS))
_ATTEMPTS = select(AttemptRow.task_id, AttemptRow.fence, AttemptRow.ended_at).order_by(AttemptRow.fence)
_FACTS = select(TaskEventRow.task_id, TaskEventRow.seq).order_by(TaskEventRow.seq)
_WORDS = select(WordsRow.task_id, WordsRow.text, WordsRow.after_fence).order_by(WordsRow.delivery_id)
_ROLES = select(DeliveryTaskRow.task_id, DeliveryTaskRow.role).order_by(DeliveryTaskRow.delivery_id)


def _read(connection: Connection) -> Mapping[TaskId, Kept]:
    book = {row[0]: Kept(tuple(row[2:]), row[1]) for row in connection.execute(_TASKS)}
    for task_id, fence, ended_at in connection.execute(_ATTEMPTS):
        book[task_id].attempts.append((fence, ended_at))
    for task_id, seq in connection.execute(_FACTS):
        book[task_id].facts.append(seq)
    for task_id, text, after_fence in connection.execute(_WORDS):
        book[task_id].words.append((text, after_fence))
    for task_id, role in connection.execute(_ROLES):
        book[task_id].roles.append(role)
    return book
