"""Random histories of tasks, each step against the rules in few words."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from hookline.domain.ids import TaskId
from hookline.domain.lifecycle import (
    Complete,
    Defer,
    Ending,
    Fail,
    Fence,
    Finished,
    Held,
    Lost,
    Over,
    Parked,
    Postpone,
    Release,
    Run,
    StartAnswer,
    Stop,
    Wait,
)
from life_model import FINISHED, Expected, Town
from life_worlds import LIMITS, WORLDS, Books
from lives import LEASE

MINUTE = timedelta(minutes=1)
ENDINGS: list[Callable[[datetime], Ending]] = [
    lambda _: Complete({}),
    lambda _: Fail("no"),
    lambda _: Stop("told to"),
    lambda now: Fail("flaky", now + MINUTE),
    lambda _: Release("bye"),
    lambda now: Postpone(now + MINUTE, "later"),
    lambda now: Wait("well?", now + MINUTE),
]
KINDS, OVER, NOT_YET = st.integers(0, 6), st.integers(0, 2), st.integers(3, 6)
PICKS = st.integers(0, 11)
UNLIKELY = 9
CLAIMABLE = ("queued", "scheduled")
UNFINISHED = (*CLAIMABLE, "running", "waiting")
ONCE_OVER: Mapping[str, Callable[["LifeOfTasks", Expected, int], None]] = {
    "the same is said again": lambda life, task, kind: life.finished(task, 0, kind),
    "something else is said": lambda life, task, _: life.finished(task, 0, 0),
    "it is started again": lambda life, task, _: life.started([task], "one"),
    "it is redriven": lambda life, task, _: life.redriven(task),
}


class LifeOfTasks(RuleBasedStateMachine):
    """A few tasks of two conversations, and two workers."""

    books: Books

    def __init__(self) -> None:
        super().__init__()
        self.wait_for, self.office = self.books.wait_for, self.books.office
        self.town = Town()

    @initialize(world=st.sampled_from([*WORLDS, "follow-ups"]), resting=st.sets(PICKS, max_size=2))
    def accept(self, world: str, resting: set[int]) -> None:
        task_ids = self.books.begin(world)
        for number, (task_id, (conversation, plan)) in enumerate(zip(task_ids, WORLDS[world], strict=True)):
            folds_as = plan.agent if plan.folds else None
            self.town.tasks.append(Expected(task_id, conversation, f"task {number}", folds_as))
        for pick in resting:
            self.rest(pick, is_paused=True)

    def one(self, pick: int, *states: str) -> Expected:
        """Mostly a task in one of these states, where there is one."""
        likely = [task for task in self.town.tasks if task.state in states]
        among = likely if likely and pick < UNLIKELY else self.town.tasks
        return among[pick % len(among)]

    def taken(self, pick: int, worker: str) -> Expected:
        """A task that a worker takes, where one is ready."""
        ready = self.town.ready(self.office.now)
        task = ready[pick % len(ready)] if ready else self.one(pick, "running")
        self.started([task], worker)
        return task

    @rule(minutes=st.integers(1, 3))
    def time_passes(self, minutes: int) -> None:
        self.office.pass_(minutes * MINUTE)

    @rule(picks=st.lists(PICKS, min_size=1, max_size=3), worker=st.sampled_from(["one", "two"]))
    def start(self, picks: list[int], worker: str) -> None:
        self.started([self.one(pick, *CLAIMABLE) for pick in picks], worker)

    def started(self, tasks: Sequence[Expected], worker: str) -> None:
        now, meant = self.office.now, self.town.foldable(tasks)
        claims = [self.office.claim(task.task_id, worker) for task in tasks]
        answers = self.wait_for(self.office.start(*claims))
        for task, answer in zip(tasks, answers, strict=True):
            self.check_start(task, [*meant, *tasks], now, answer)

    def check_start(
        self, task: Expected, looked_at: Sequence[Expected], now: datetime, answer: StartAnswer
    ) -> None:
        if task.has_run_out(now):
            task.lose()
        if task.state not in CLAIMABLE:
            assert answer == Over(task.task_id, task.state)
            return
        if task.due_at is not None and task.due_at > now:
            assert answer == Defer(task.task_id, task.due_at)
            return
        if task.is_paused:
            assert answer == Defer(task.task_id, now + LIMITS.paused_for)
            return
        behind = self.town.running_in(task.conversation)
        if behind is not None and not behind.has_run_out(now):
            assert isinstance(answer, Parked)
            assert answer.behind.task_id == behind.task_id
            assert answer.behind.lease.ends_at == behind.lease_ends_at
            return
        if behind is not None:
            behind.lose()
        folded = self.town.fold_into(task, looked_at)
        task.begin(now + LEASE)
        assert answer == Run(task.task_id, Fence(task.fence), now + LEASE, folded)

    @rule(pick=PICKS, age=st.integers(0, 1))
    def beat(self, pick: int, age: int) -> None:
        self.heard(self.one(pick, "running"), age)

    def heard(self, task: Expected, age: int) -> None:
        now, fence = self.office.now, Fence(task.fence - age)
        answer = self.wait_for(self.office.beat(Run(task.task_id, fence, now)))
        if task.state == "running" and fence == task.fence:
            task.lease_ends_at, task.is_confirmed = now + LEASE, True
            assert answer == Held(task.task_id, fence, now + LEASE, task.is_to_stop)
        else:
            assert isinstance(answer, Lost)
            assert answer.state == task.state

    @rule(pick=PICKS, age=st.integers(0, 1), kind=KINDS)
    def finish(self, pick: int, age: int, kind: int) -> None:
        self.finished(self.one(pick, "running"), age, kind)

    def finished(self, task: Expected, age: int, kind: int) -> None:
        now, fence = self.office.now, task.fence - age
        ending, digest = ENDINGS[kind](now), f"d{kind}"
        answer = self.wait_for(self.office.finish(Run(task.task_id, Fence(fence), now), ending, digest))
        if task.state == "running" and fence == task.fence:
            task.become(*task.after(ending))
            task.ended[fence] = (digest, task.state)
            assert isinstance(answer, Finished)
            is_over = task.state in FINISHED | {"waiting"}
            assert (answer.state, answer.again is None) == (task.state, is_over)
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
        for task in self.town.tasks:
            if task.has_run_out(now):
                task.lose()
                touched.append(task)
            elif task.state == "waiting" and task.due_at <= now:
                task.become("queued")
                touched.append(task)
        queued = {task.task_id for task in touched if task.state == "queued"}
        assert {task.task_id for task in answer.queued} == queued
        assert set(answer.removed) == {task.task_id for task in touched} - queued

    @rule(picks=st.lists(PICKS, max_size=2))
    def cancel(self, picks: list[int]) -> None:
        self.cancelled([self.one(pick, *UNFINISHED) for pick in picks])

    def cancelled(self, tasks: Sequence[Expected]) -> None:
        ids = [task.task_id for task in tasks]
        answer = self.wait_for(self.office.store.cancel(ids, "asked", self.office.now))
        running = {task.task_id for task in tasks if task.state == "running"}
        ended = {task.task_id for task in tasks if task.state not in FINISHED | {"running"}}
        assert (set(answer.running), set(answer.removed)) == (running, ended)
        for task in tasks:
            if task.state == "running":
                task.is_to_stop = True
            elif task.state not in FINISHED:
                task.become("cancelled")

    @rule(pick=PICKS, times=st.integers(1, 3), is_heard_of=st.booleans(), is_cancelled=st.booleans())
    def workers_vanish(self, pick: int, times: int, is_heard_of: bool, is_cancelled: bool) -> None:
        task = self.taken(pick, "one")
        for _ in range(times):
            self.started([task], "two")
            if is_heard_of:
                self.heard(task, 0)
            if is_cancelled:
                self.cancelled([task])
            self.time_passes(2)
            self.reap()

    @rule(pick=PICKS, age=st.integers(0, 1), kind=KINDS)
    def a_worker_comes_too_late(self, pick: int, age: int, kind: int) -> None:
        task = self.taken(pick, "one")
        self.time_passes(1)
        self.started([task], "two")
        self.heard(task, age)
        self.finished(task, age, kind)

    @rule(pick=PICKS, kind=OVER, is_cancelled=st.booleans(), then=st.sampled_from(sorted(ONCE_OVER)))
    def a_worker_ends_it(self, pick: int, kind: int, is_cancelled: bool, then: str) -> None:
        task = self.taken(pick, "two")
        if is_cancelled:
            self.cancelled([task])
        self.finished(task, 0, kind)
        ONCE_OVER[then](self, task, kind)

    @rule(pick=PICKS, kind=NOT_YET, is_cancelled=st.booleans(), is_left_alone=st.booleans())
    def a_worker_leaves_it(self, pick: int, kind: int, is_cancelled: bool, is_left_alone: bool) -> None:
        task = self.taken(pick, "two")
        if is_cancelled:
            self.cancelled([task])
        self.finished(task, 0, kind)
        if is_left_alone:
            self.time_passes(1)
            self.reap()
        self.a_worker_takes_all()

    @rule()
    def a_worker_takes_all(self) -> None:
        self.started([task for task in self.town.tasks if task.state in CLAIMABLE], "two")

    @precondition(lambda self: any(task.state in FINISHED for task in self.town.tasks))
    @rule(pick=PICKS)
    def redrive(self, pick: int) -> None:
        self.redriven(self.one(pick, *FINISHED))

    def redriven(self, task: Expected) -> None:
        answer = self.wait_for(self.office.store.redrive([task.task_id], "asked", self.office.now))
        is_meant = task.state in {"failed", "dead"}
        assert [queued.task_id for queued in answer.queued] == [task.task_id] * is_meant
        if is_meant:
            task.forgive()

    @rule(pick=PICKS, is_paused=st.booleans())
    def rest(self, pick: int, is_paused: bool) -> None:
        task = self.one(pick, *CLAIMABLE)
        self.books.let_rest(task.task_id, self.office.now if is_paused else None)
        task.is_paused = is_paused

    @invariant()
    def what_is_stored_is_what_is_expected(self) -> None:
        book = self.books.read()
        assert book.keys() == {task.task_id for task in self.town.tasks}
        for task in self.town.tasks:
            kept = book[task.task_id]
            assert kept.row == task.row
            assert [fence for fence, _ in kept.attempts] == list(range(1, task.fence + 1))
            open_ones = [fence for fence, ended_at in kept.attempts if ended_at is None]
            assert open_ones == ([task.fence] if task.state == "running" else [])
            assert kept.facts == list(range(1, len(kept.facts) + 1))
            assert kept.words == sorted(task.words)
            assert kept.roles == ["origin", *(["folded"] * len(task.words))]
            if task.folded_into is not None:
                assert kept.outcome == f"folded into {task.folded_into}"

    def teardown(self) -> None:
        """The queue may be filled again."""
        held = self.town.held_by_queue()
        restored = self.wait_for(self.office.missing("another"))
        assert {task.task_id for task in restored} == held
        leased = {task.task_id for task in restored if task.lease is not None}
        assert leased == {TaskId(task.task_id) for task in self.town.tasks if task.state == "running"}
