"""What is left when all is over: rows, keys of Redis, the workers' journals, the client's ledger."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from redis import Redis
from sqlalchemy import func, select

from chaos.client import ClientLedger
from chaos.faults import Happened
from chaos.journal import Entry, read_journals
from chaos.town import Town
from hookline.domain.task import FINISHED_STATES
from hookline.storage.database import Database
from hookline.storage.life_models import WordsRow
from hookline.storage.models import AttemptRow, TaskRow

OF_NO_TASK = frozenset({"epoch", "run"})


@dataclass(frozen=True)
class TaskSeen:
    """A task's row at the end; times in seconds since 1970, `mark` from its result."""

    id: str
    state: str
    lane: str
    conversation: str
    origin: str
    lost: int = 0
    outcome: str = ""
    mark: str = ""

    @property
    def folded_into(self) -> str:
        """The task that absorbed it, if one did."""
        _, has_folded, task = self.outcome.partition("folded into ")
        return task if has_folded else ""


@dataclass(frozen=True)
class AttemptSeen:
    """An attempt's row at the end."""

    task: str
    fence: int
    worker: str
    began: float
    ended: float | None
    outcome: str | None


@dataclass(frozen=True)
class FoldSeen:
    """A follow-up among the words of another task, whose attempts after `after_fence` are told its text."""

    task: str
    into: str
    text: str
    after_fence: int


@dataclass(frozen=True)
class Evidence:
    """Everything that the verdict is made of; `leftovers` are what Redis still holds, by key.

    `minimum` says how often each fault must have happened, `least_folded` how many follow-ups must be folded.
    """

    ledger: ClientLedger
    tasks: Sequence[TaskSeen]
    attempts: Sequence[AttemptSeen]
    journal: Sequence[Entry]
    folds: Sequence[FoldSeen] = ()
    leftovers: Mapping[str, Sequence[str]] = field(default_factory=dict)
    happened: Sequence[Happened] = ()
    minimum: Mapping[str, int] = field(default_factory=dict)
    least_folded: int = 0
    ended_by_themselves: Sequence[str] = ()
    exam: Sequence[str] = ()


async def unfinished(database: Database) -> int:
    """How many tasks are not over."""
    names = [state.value for state in FINISHED_STATES]
    async with database.read() as connection:
        query = select(func.count()).select_from(TaskRow).where(TaskRow.state.not_in(names))
        return (await connection.execute(query)).scalar_one()


async def read_tasks(database: Database) -> list[TaskSeen]:
    """All tasks."""
    columns = (
        TaskRow.id,
        TaskRow.state,
        TaskRow.lane,
        TaskRow.conversation,
        TaskRow.origin,
        TaskRow.lost_count,
        TaskRow.outcome,
        TaskRow.result,
    )
    async with database.read() as connection:
        rows = (await connection.execute(select(*columns))).all()
    return [
        TaskSeen(*seen, outcome or "", json.loads(result or "{}").get("mark", ""))
        for *seen, outcome, result in map(tuple, rows)
    ]


async def read_folds(database: Database) -> list[FoldSeen]:
    """All follow-ups whose words were given to another task."""
    columns = (TaskRow.id, WordsRow.task_id, WordsRow.text, WordsRow.after_fence)
    query = select(*columns).join(TaskRow, TaskRow.delivery_id == WordsRow.delivery_id)
    async with database.read() as connection:
        rows = (await connection.execute(query.where(WordsRow.kind == "folded"))).all()
    return [FoldSeen(*row) for row in map(tuple, rows)]


async def read_attempts(database: Database) -> list[AttemptSeen]:
    """All attempts."""
    columns = (
        AttemptRow.task_id,
        AttemptRow.fence,
        AttemptRow.worker,
        AttemptRow.started_at,
        AttemptRow.ended_at,
        AttemptRow.outcome,
    )
    async with database.read() as connection:
        rows = (await connection.execute(select(*columns))).all()
    return [
        AttemptSeen(task, fence, worker, began.timestamp(), ended and ended.timestamp(), outcome)
        for task, fence, worker, began, ended, outcome in map(tuple, rows)
    ]


def leftovers(redis: Redis) -> dict[str, list[str]]:
    """What the queue's keys still hold although nothing is to be done: all but its epoch and past turns."""
    found = {name.decode(): _content(redis, name) for name in redis.scan_iter("hookline:*")}
    return {name: held for name, content in found.items() if (held := _of_tasks(name, content))}


def _content(redis: Redis, name: bytes) -> list[bytes]:
    kind = redis.type(name)
    if kind == b"hash":
        return list(redis.hkeys(name))
    if kind == b"set":
        return list(redis.smembers(name))
    return list(redis.zrange(name, 0, -1))


def _of_tasks(name: str, content: Sequence[bytes]) -> list[str]:
    words = sorted(word.decode("utf-8", "backslashreplace") for word in content)
    return [word for word in words if word not in OF_NO_TASK] if name.endswith(":records") else words


async def gather_evidence(
    town: Town,
    database: Database,
    ledger: ClientLedger,
    happened: Sequence[Happened],
    minimum: dict[str, int],
) -> Evidence:
    """Read all of it."""
    with town.redis() as redis:
        left = leftovers(redis)
    ended = [hand.name for hand in town.hands if hand.has_ended]
    ended += [each.home.name for each in town.gateways if each.running.poll() is not None]
    return Evidence(
        ledger,
        await read_tasks(database),
        await read_attempts(database),
        read_journals(town.journals),
        await read_folds(database),
        leftovers=left,
        happened=happened,
        minimum=minimum,
        ended_by_themselves=ended,
    )
