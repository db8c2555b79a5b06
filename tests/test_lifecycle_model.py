"""Random histories of tasks against the rules in few words; SQLite, since the rules are the same there."""

import asyncio
import shutil
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import delete

from hookline.domain.errors import StorageUnavailableError, UnstorableError
from hookline.domain.ids import TaskId
from hookline.domain.lifecycle import (
    Complete,
    Defer,
    Ending,
    Fail,
    Fence,
    Finished,
    Held,
    LifeLimits,
    Lost,
    Over,
    Parked,
    Postpone,
    Release,
    Run,
    Stop,
    Wait,
)
from hookline.storage.base import Base
from hookline.storage.database import Database, open_database, sqlite_url
from hookline.storage.lifecycle import SqlLifecycleStore
from life_mutants import MUTANTS, Mutant
from lives import LEASE, Office
from submissions import LANE

ResultT = TypeVar("ResultT")

LIMITS = LifeLimits(most_tries=2, most_losses=1)
SETTINGS = settings(max_examples=25, stateful_step_count=30, deadline=None)
HUNT = settings(
    SETTINGS,
    max_examples=100,
    phases=[Phase.generate],
    report_multiple_bugs=False,
    database=None,
    derandomize=True,
)
MINUTE = timedelta(minutes=1)
FINISHED = {"succeeded", "failed", "cancelled", "dead"}
TASKS = st.integers(0, 4)


@dataclass
class Expected:
    """A task as the rules say it should be."""

    task_id: TaskId
    conversation: str
    state: str = "queued"
    fence: int = 0
    due_at: datetime | None = None
    lease_ends_at: datetime | None = None
    is_confirmed: bool = False
    is_to_stop: bool = False
    losses: int = 0
    failures: int = 0
    ended: dict[int, tuple[str, str]] = field(default_factory=dict[int, tuple[str, str]])

    def become(self, state: str, due_at: datetime | None = None) -> None:
        self.state, self.due_at, self.lease_ends_at = state, due_at, None

    def lose(self) -> None:
        self.losses += self.is_confirmed
        if self.is_to_stop:
            self.become("cancelled")
        elif self.losses > LIMITS.most_losses:
            self.become("dead")
        else:
            self.become("queued")

    def has_run_out(self, now: datetime) -> bool:
        return self.state == "running" and self.lease_ends_at <= now

    def after(self, ending: Ending) -> tuple[str, datetime | None]:
        """The state that an ending should lead to, and until when."""
        state, until = GOES_TO[type(ending)], None
        if isinstance(ending, Fail):
            self.failures += 1
            goes_on = ending.retry_at is not None and (self.is_to_stop or self.failures < LIMITS.most_tries)
            state, until = ("scheduled", ending.retry_at) if goes_on else ("failed", None)
        elif isinstance(ending, Postpone | Wait):
            until = ending.until
        return (state, until) if state in FINISHED or not self.is_to_stop else ("cancelled", None)


GOES_TO = {
    Complete: "succeeded",
    Fail: "failed",
    Release: "queued",
    Postpone: "scheduled",
    Wait: "waiting",
    Stop: "cancelled",
}
ENDINGS: list[Callable[[datetime], Ending]] = [
    lambda _: Complete({}),
    lambda _: Fail("no"),
    lambda now: Fail("flaky", now + MINUTE),
    lambda _: Release("bye"),
    lambda now: Postpone(now + MINUTE, "later"),
    lambda now: Wait("well?", now + MINUTE),
    lambda _: Stop("told to"),
]


class Books:
    """One database for all histories, so that its statements are compiled once; used from one thread."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._thread = ThreadPoolExecutor(1)
        self._loop = asyncio.new_event_loop()

    def wait_for(self, work: Coroutine[None, None, ResultT]) -> ResultT:
        return self._thread.submit(self._loop.run_until_complete, work).result()

    def open_anew(self) -> Office:
        """An office without any task."""
        self.wait_for(self._forget())
        return Office(self._database, SqlLifecycleStore(self._database, LIMITS))

    async def _forget(self) -> None:
        async with self._database.write() as connection:
            for table in reversed(Base.metadata.sorted_tables):
                await connection.execute(delete(table))

    def close(self) -> None:
        self.wait_for(self._database.close())
        self._thread.submit(self._loop.close).result()
        self._thread.shutdown()


class LifeOfTasks(RuleBasedStateMachine):
    """Two conversations, five tasks, two workers."""

    books: Books

    def __init__(self) -> None:
        super().__init__()
        self.wait_for = self.books.wait_for
        self.office = self.books.open_anew()
        self.tasks: list[Expected] = []

    @initialize()
    def accept(self) -> None:
        for number in range(5):
            conversation = f"{LANE}#{number % 2}"
            self.tasks.append(Expected(self.wait_for(self.office.accept(conversation)), conversation))

    @rule(minutes=st.integers(1, 3))
    def time_passes(self, minutes: int) -> None:
        self.office.pass_(minutes * MINUTE)

    @rule(at=TASKS, worker=st.sampled_from(["one", "two"]))
    def start(self, at: int, worker: str) -> None:
        task, now = self.tasks[at], self.office.now
        answer = self.wait_for(self.office.start_one(task.task_id, worker))
        if task.has_run_out(now):
            task.lose()
        if task.state not in {"queued", "scheduled"}:
            assert answer == Over(task.task_id, task.state)
            return
        if task.due_at is not None and task.due_at > now:
            assert answer == Defer(task.task_id, task.due_at)
            return
        same = (other for other in self.tasks if other.conversation == task.conversation)
        behind = next((other for other in same if other.state == "running"), None)
        if behind is not None and not behind.has_run_out(now):
            assert isinstance(answer, Parked)
            assert answer.behind.task_id == behind.task_id
            assert answer.behind.lease.ends_at == behind.lease_ends_at
            return
        if behind is not None:
            behind.lose()
        task.become("running")
        task.fence, task.lease_ends_at, task.is_confirmed = task.fence + 1, now + LEASE, False
        assert answer == Run(task.task_id, Fence(task.fence), now + LEASE)

    @rule(at=TASKS, age=st.integers(0, 1))
    def beat(self, at: int, age: int) -> None:
        task, now = self.tasks[at], self.office.now
        fence = Fence(task.fence - age)
        answer = self.wait_for(self.office.beat(Run(task.task_id, fence, now)))
        if task.state == "running" and fence == task.fence:
            task.lease_ends_at, task.is_confirmed = now + LEASE, True
            assert answer == Held(task.task_id, fence, now + LEASE, task.is_to_stop)
        else:
            assert isinstance(answer, Lost)
            assert answer.state == task.state

    @rule(at=TASKS, age=st.integers(0, 1), kind=st.integers(0, len(ENDINGS) - 1))
    def finish(self, at: int, age: int, kind: int) -> None:
        task, now = self.tasks[at], self.office.now
        fence = task.fence - age
        ending, digest = ENDINGS[kind](now), f"d{kind}"
        answer = self.wait_for(self.office.finish(Run(task.task_id, Fence(fence), now), ending, digest))
        if task.state == "running" and fence == task.fence:
            task.become(*task.after(ending))
            task.ended[fence] = (digest, task.state)
            assert isinstance(answer, Finished)
            assert (answer.state, answer.again is None) == (
                task.state,
                task.state in FINISHED | {"waiting"},
            )
        elif task.ended.get(fence, ("", ""))[0] == digest:
            assert isinstance(answer, Finished)
            assert answer.state == task.ended[fence][1]
        else:
            assert isinstance(answer, Lost)
            assert answer.state == task.state

    @rule()
    def reap(self) -> None:
        now = self.office.now
        answer = self.wait_for(self.office.store.reap(99, now))
        touched = []
        for task in self.tasks:
            if task.has_run_out(now):
                task.lose()
                touched.append(task)
            elif task.state == "waiting" and task.due_at <= now:
                task.become("queued")
                touched.append(task)
        queued = {task.task_id for task in touched if task.state == "queued"}
        assert {task.task_id for task in answer.queued} == queued
        assert set(answer.removed) == {task.task_id for task in touched} - queued

    @rule(ats=st.sets(TASKS, max_size=2))
    def cancel(self, ats: set[int]) -> None:
        tasks = [self.tasks[at] for at in ats]
        answer = self.wait_for(
            self.office.store.cancel([task.task_id for task in tasks], "asked", self.office.now)
        )
        running = {task.task_id for task in tasks if task.state == "running"}
        ended = {task.task_id for task in tasks if task.state not in FINISHED | {"running"}}
        assert (set(answer.running), set(answer.removed)) == (running, ended)
        for task in tasks:
            if task.state == "running":
                task.is_to_stop = True
            elif task.state not in FINISHED:
                task.become("cancelled")

    @rule(at=TASKS, is_heard_of=st.booleans(), is_cancelled=st.booleans())
    def a_worker_vanishes(self, at: int, is_heard_of: bool, is_cancelled: bool) -> None:
        self.start(at, "one")
        if is_heard_of:
            self.beat(at, 0)
        if is_cancelled:
            self.cancel({at})
        self.time_passes(2)
        self.reap()

    @rule(at=TASKS, kind=st.integers(0, len(ENDINGS) - 1), is_cancelled=st.booleans(), again=st.booleans())
    def a_worker_finishes(self, at: int, kind: int, is_cancelled: bool, again: bool) -> None:
        self.start(at, "two")
        if is_cancelled:
            self.cancel({at})
        self.finish(at, 0, kind)
        self.finish(at, 0, kind if again else 0)

    @precondition(lambda self: any(task.state in FINISHED for task in self.tasks))
    @rule(at=TASKS)
    def redrive(self, at: int) -> None:
        task = self.tasks[at]
        answer = self.wait_for(self.office.store.redrive([task.task_id], "asked", self.office.now))
        is_meant = task.state in {"failed", "dead"}
        assert [queued.task_id for queued in answer.queued] == [task.task_id] * is_meant
        if is_meant:
            task.become("queued")
            task.losses, task.failures, task.is_to_stop = 0, 0, False

    @invariant()
    def what_is_stored_is_what_is_expected(self) -> None:
        book = self.wait_for(self.office.book())
        assert book.keys() == {task.task_id for task in self.tasks}
        for task in self.tasks:
            kept = book[task.task_id]
            row = (task.state, task.fence, task.due_at, task.lease_ends_at, task.losses, task.failures)
            assert kept.row == row
            assert [fence for fence, _ in kept.attempts] == list(range(1, task.fence + 1))
            open_ones = [fence for fence, ended_at in kept.attempts if ended_at is None]
            assert open_ones == ([task.fence] if task.state == "running" else [])
            assert kept.facts == list(range(1, len(kept.facts) + 1))

    @invariant()
    def the_queue_may_be_filled_again(self) -> None:
        held = {task.task_id for task in self.tasks if task.state in {"queued", "scheduled", "running"}}
        restored = self.wait_for(self.office.missing("another"))
        assert {task.task_id for task in restored} == held
        leased = {task.task_id for task in restored if task.lease is not None}
        assert leased == {task.task_id for task in self.tasks if task.state == "running"}


@pytest.fixture
def books(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Books]:
    made = Books(open_database(sqlite_url(Path(shutil.copy(migrated_sqlite, tmp_path)))))
    yield made
    made.close()


def live(books: Books, how: settings) -> None:
    run_state_machine_as_test(type("InTheseBooks", (LifeOfTasks,), {"books": books}), settings=how)


@pytest.mark.slow
def test_any_history_follows_the_rules(books: Books) -> None:
    live(books, SETTINGS)


@pytest.mark.hunt
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.fault)
def test_the_rules_notice(mutant: Mutant, books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mutant.place, mutant.name, mutant.made())
    with pytest.raises((AssertionError, StorageUnavailableError, UnstorableError)):
        live(books, HUNT)
