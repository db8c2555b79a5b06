"""Lets tests lead tasks through their lives: accepts, claims, finishes, and looks at what is stored."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import count

from sqlalchemy import select, update

from hookline.domain.ids import TaskId
from hookline.domain.lifecycle import (
    Beat,
    BeatAnswer,
    Ending,
    Fence,
    Finish,
    FinishAnswer,
    LifecycleStore,
    Run,
    Start,
    StartAnswer,
)
from hookline.domain.queue import Changed, ClaimId, QueuedTask, QueueEpoch
from hookline.domain.rules import Caps, Plan
from hookline.storage.database import Database
from hookline.storage.ingest import SqlIngestStore
from hookline.storage.ledger import SqlQueueLedger
from hookline.storage.models import AttemptRow, DedupeKeyRow, DeliveryTaskRow, TaskEventRow, TaskRow, WordsRow
from submissions import CONVERSATION, PLAN, Sender

LEASE = timedelta(minutes=1)
EPOCH = QueueEpoch("first")
SECOND = timedelta(seconds=1)


def changed(
    queued: Iterable[QueuedTask] = (), removed: Iterable[TaskId] = (), running: Iterable[TaskId] = ()
) -> Changed:
    """What a command should answer."""
    return Changed(tuple(queued), tuple(removed), tuple(running))


class Office:
    """A lifecycle store on a database, with the intake and the ledger beside it."""

    def __init__(self, database: Database, store: LifecycleStore) -> None:
        self.database = database
        self.store = store
        self.sender = Sender()
        self.intake = SqlIngestStore(database, Caps())
        self.ledger = SqlQueueLedger(database)
        self._numbers = count(1)

    @property
    def now(self) -> datetime:
        return self.sender.clock()

    def pass_(self, time: timedelta) -> None:
        self.sender.clock.advance(time)

    async def accept(
        self,
        conversation: str = CONVERSATION,
        open_key: str | None = None,
        plan: Plan = PLAN,
        text: str = "the login test",
    ) -> TaskId:
        """A new task, that the queue has been told of."""
        asked = self.sender.asks(
            f"key-{next(self._numbers)}",
            conversation=conversation,
            origin=None,
            open_key=open_key,
            plan=plan,
            text=text,
        )
        await self.intake.commit([asked])
        await self.ledger.mark([asked.task_id], EPOCH)
        return asked.task_id

    def claim(
        self, task_id: TaskId, worker: str = "one", claim: str | None = None, lease: timedelta = LEASE
    ) -> Start:
        number = next(self._numbers)
        tokens = [sha256(f"{kind}{number}".encode()).hexdigest() for kind in ("lease", "tool")]
        return Start(task_id, ClaimId(claim or f"claim-{number}"), worker, lease, *tokens)

    async def start(self, *starts: Start) -> list[StartAnswer]:
        return list((await self.store.start(starts, self.now)).answers)

    async def start_one(self, task_id: TaskId, worker: str = "one", claim: str | None = None) -> StartAnswer:
        (answer,) = await self.start(self.claim(task_id, worker, claim))
        return answer

    async def run(self, task_id: TaskId, worker: str = "one", claim: str | None = None) -> Run:
        answer = await self.start_one(task_id, worker, claim)
        assert isinstance(answer, Run), answer
        return answer

    async def running(
        self, conversation: str = CONVERSATION, open_key: str | None = None, plan: Plan = PLAN
    ) -> Run:
        """A new task that runs, and whose worker was heard of."""
        run = await self.run(await self.accept(conversation, open_key, plan))
        await self.beat(run)
        return run

    async def beat(self, run: Run, lease: timedelta = LEASE) -> BeatAnswer:
        (answer,) = await self.store.extend([Beat(run.task_id, run.fence)], lease, self.now)
        return answer

    async def lose(self, run: Run) -> Changed:
        """Let a lease run out and be reaped."""
        self.pass_(2 * LEASE)
        return await self.store.reap(100, self.now)

    def finish_of(self, run: Run, ending: Ending, digest: str = "d") -> Finish:
        return Finish(run.task_id, run.fence, ending, digest)

    async def finish(self, run: Run, ending: Ending, digest: str = "d") -> FinishAnswer:
        return await self.store.finish(self.finish_of(run, ending, digest), self.now)

    async def change(self, task_id: TaskId, **values: object) -> None:
        async with self.database.write() as connection:
            await connection.execute(update(TaskRow).where(TaskRow.id == task_id).values(**values))

    async def task(self, task_id: TaskId, *names: str) -> tuple:
        """Some columns of a task's row."""
        columns = [getattr(TaskRow, name) for name in names]
        async with self.database.read() as connection:
            return tuple((await connection.execute(select(*columns).where(TaskRow.id == task_id))).one())

    async def state(self, task_id: TaskId) -> str:
        (state,) = await self.task(task_id, "state")
        return state

    async def attempts(self, task_id: TaskId, *names: str) -> list[tuple]:
        columns = [getattr(AttemptRow, name) for name in names]
        query = select(*columns).where(AttemptRow.task_id == task_id).order_by(AttemptRow.fence)
        async with self.database.read() as connection:
            return [tuple(row) for row in await connection.execute(query)]

    async def facts(self, task_id: TaskId) -> list[tuple[str, Fence | None, Mapping]]:
        """The facts after the first one, whose numbers must have no gap."""
        columns = (TaskEventRow.seq, TaskEventRow.event, TaskEventRow.fence, TaskEventRow.data)
        query = select(*columns).where(TaskEventRow.task_id == task_id).order_by(TaskEventRow.seq)
        async with self.database.read() as connection:
            rows = (await connection.execute(query)).all()
        assert [row[0] for row in rows] == list(range(1, len(rows) + 1))
        return [(event, fence, json.loads(data)) for _, event, fence, data in rows[1:]]

    async def events(self, task_id: TaskId) -> list[str]:
        return [event.removeprefix("task.") for event, _, _ in await self.facts(task_id)]

    async def words(self, task_id: TaskId) -> list[tuple]:
        """What was said to a task after it was made."""
        columns = (WordsRow.kind, WordsRow.text, WordsRow.said_by, WordsRow.after_fence)
        query = select(*columns).where(WordsRow.task_id == task_id).order_by(WordsRow.delivery_id)
        async with self.database.read() as connection:
            return [tuple(row) for row in await connection.execute(query)]

    async def roles(self, task_id: TaskId) -> list[str]:
        """The parts that deliveries have in a task, oldest first."""
        query = select(DeliveryTaskRow.role).where(DeliveryTaskRow.task_id == task_id)
        async with self.database.read() as connection:
            return list((await connection.execute(query.order_by(DeliveryTaskRow.delivery_id))).scalars())

    async def keys(self) -> dict[str, str | None]:
        async with self.database.read() as connection:
            rows = await connection.execute(select(DedupeKeyRow.key, DedupeKeyRow.task_id))
            return {key: task_id for key, task_id in rows if key.startswith("open")}

    async def missing(self, epoch: QueueEpoch = EPOCH) -> list:
        """What the relay would push, in parts of one epoch each."""
        known, found = {epoch}, []
        while part := await self.ledger.missing(known, self.now + timedelta(days=1), 100):
            found += part
            known.add((await self.task(part[0].task_id, "queue_epoch"))[0])
        return found
