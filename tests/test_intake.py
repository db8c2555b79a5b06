"""Group commit: who waits together commits together, and each gets its own answer."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from contracts.storage_contract import NO_CAPS, Books
from hookline.core.intake import Intake, IntakeLimits
from hookline.domain.delivery import Accepted, Verdict
from hookline.domain.errors import HooklineError, OverloadedError, StorageUnavailableError, UnstorableError
from hookline.domain.ids import TaskId
from hookline.domain.intake import Committed, Note, Submission
from hookline.domain.queue import Changed, QueuedTask
from hookline.storage.database import Database
from hookline.storage.ingest import SqlIngestStore
from submissions import Sender


@dataclass
class GatedStore:
    """Accepts everything once its gate is open; fails first as often as it is told to."""

    gate: asyncio.Event = field(default_factory=asyncio.Event)
    entered: asyncio.Queue[int] = field(default_factory=asyncio.Queue)
    batches: list[list[TaskId]] = field(default_factory=list)
    failures: list[HooklineError] = field(default_factory=list)
    bad: set[TaskId] = field(default_factory=set)

    async def commit(self, batch: Sequence[Submission], /) -> Committed:
        self.entered.put_nowait(len(batch))
        await self.gate.wait()
        ids = [submission.task_id for submission in batch]
        if self.bad.intersection(ids):
            raise UnstorableError("bad")
        if self.failures:
            raise self.failures.pop(0)
        self.batches.append(ids)
        queued = [
            QueuedTask(s.task_id, s.outcome.plan.band, "lane", "lane#1", s.receipt.received_at) for s in batch
        ]
        return Committed([Accepted(task_id) for task_id in ids], Changed(queued))

    async def record(self, notes: Sequence[Note], /) -> None:
        raise NotImplementedError


@dataclass
class Witness:
    """Stands for the feed and for the metrics."""

    fed: list[TaskId] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)

    def take(self, changed: Changed) -> None:
        self.fed += [task.task_id for task in changed.queued]

    def committed(self, size: int, seconds: float, /) -> None:
        self.sizes.append(size)

    def dropped(self, count: int, /) -> None:
        raise NotImplementedError


@dataclass
class Counter:
    """An intake over a gated store, and somebody who sends."""

    intake: Intake
    store: GatedStore
    witness: Witness
    sender: Sender = field(default_factory=Sender)

    def submit(self, count: int) -> tuple[list[Submission], list[asyncio.Future[Verdict]]]:
        batch = [self.sender.asks(f"k{self.sender.new_id()}") for _ in range(count)]
        return batch, [self.intake.submit(submission) for submission in batch]


Open = Callable[..., Counter]


@pytest.fixture
async def open_counter() -> AsyncIterator[Open]:
    counters: list[Counter] = []

    def opened(committers: int = 1, **limits: object) -> Counter:
        store, witness = GatedStore(), Witness()
        intake = Intake(store, witness, witness, committers, IntakeLimits(**limits))
        counters.append(Counter(intake, store, witness))
        intake.start()
        return counters[-1]

    yield opened
    for counter in counters:
        await counter.intake.stop()


def accepted(batch: Sequence[Submission]) -> list[Accepted]:
    return [Accepted(submission.task_id) for submission in batch]


async def errors(answers: Sequence[asyncio.Future[Verdict]]) -> list[type]:
    return [type(answer) for answer in await asyncio.gather(*answers, return_exceptions=True)]


async def test_what_waits_together_commits_together(open_counter: Open) -> None:
    counter = open_counter()
    first, first_answers = counter.submit(1)
    assert await counter.store.entered.get() == 1
    rest, answers = counter.submit(5)
    counter.store.gate.set()
    assert await asyncio.gather(*first_answers, *answers) == accepted([*first, *rest])
    assert counter.witness.sizes == [1, 5]
    assert counter.witness.fed == [submission.task_id for submission in (*first, *rest)]


async def test_a_batch_has_a_bound_in_number_and_bytes(open_counter: Open) -> None:
    counter = open_counter(batch=4)
    counter.store.gate.set()
    await asyncio.gather(*counter.submit(10)[1])
    assert counter.witness.sizes == [4, 4, 2]
    size = len(counter.sender.receipt().body)
    counter = open_counter(batch_bytes=2 * size)
    counter.store.gate.set()
    await asyncio.gather(*counter.submit(5)[1])
    assert counter.witness.sizes == [2, 2, 1]


async def test_a_large_crowd_commits_by_halves(open_counter: Open) -> None:
    counter = open_counter(undivided=4)
    counter.store.gate.set()
    await asyncio.gather(*counter.submit(16)[1])
    assert counter.witness.sizes == [8, 8]
    await asyncio.gather(*counter.submit(4)[1])
    assert counter.witness.sizes == [8, 8, 4]


async def test_several_committers_commit_at_once(open_counter: Open) -> None:
    counter = open_counter(committers=2, batch=1)
    _, answers = counter.submit(3)
    assert [await counter.store.entered.get() for _ in range(2)] == [1, 1]
    counter.store.gate.set()
    await asyncio.gather(*answers)


@pytest.mark.parametrize("bad", [{0}, {4}, {8}, {0, 8}, {3, 4, 5}, set(range(9))])
async def test_bad_rows_fail_alone(database: Database, bad: set[int]) -> None:
    books, witness = Books(database, SqlIngestStore(database, NO_CAPS)), Witness()
    patient = IntakeLimits(patience=timedelta(seconds=30))
    intake = Intake(books.store, witness, witness, 1, patient)
    batch = [books.sender.asks(f"k{number}") for number in range(9)]
    for number in bad:
        receipt = replace(batch[number].receipt, headers="\ud800")
        batch[number] = replace(batch[number], receipt=receipt)
    intake.start()
    answers = [intake.submit(submission) for submission in batch]
    expected = [UnstorableError if number in bad else Accepted for number in range(9)]
    assert await errors(answers) == expected
    await intake.stop()
    good = [submission.task_id for number, submission in enumerate(batch) if number not in bad]
    assert await books.task_ids() == good == sorted(witness.fed)


async def test_too_much_is_refused_at_once_and_room_comes_back(open_counter: Open) -> None:
    size = len(Sender().receipt().body)
    for limits in ({"waiting": 2}, {"waiting_bytes": 2 * size}):
        counter = open_counter(**limits)
        _, answers = counter.submit(1)
        await counter.store.entered.get()
        answers += counter.submit(2)[1]
        with pytest.raises(OverloadedError) as caught:
            counter.submit(1)
        assert caught.value.status == 503
        counter.store.gate.set()
        await asyncio.gather(*answers)
        await asyncio.gather(*counter.submit(2)[1])


async def test_a_commit_beyond_patience_is_answered_and_what_waits_is_refused(open_counter: Open) -> None:
    counter = open_counter(batch=1, patience=timedelta(milliseconds=5))
    _, answers = counter.submit(3)
    assert await errors(answers) == [StorageUnavailableError] * 3
    assert counter.store.entered.qsize() == 1
    counter.store.gate.set()
    batch, answers = counter.submit(1)
    assert await asyncio.gather(*answers) == accepted(batch)


async def test_an_unavailable_database_refuses_what_waits_and_is_asked_again(open_counter: Open) -> None:
    counter = open_counter(batch=2, waiting_bytes=1000)
    counter.store.failures = [StorageUnavailableError("gone")]
    _, answers = counter.submit(5)
    counter.store.gate.set()
    assert await errors(answers) == [StorageUnavailableError] * 5
    batch, answers = counter.submit(2)
    assert await asyncio.gather(*answers) == accepted(batch)


async def test_what_nobody_foresaw_fails_alone(
    open_counter: Open, capsys: pytest.CaptureFixture[str]
) -> None:
    counter = open_counter()
    batch, answers = counter.submit(5)
    stored, bad = counter.store.commit, batch[2]

    async def commit(part: Sequence[Submission], /) -> Committed:
        if bad in part:
            raise OverflowError("a number")
        return await stored(part)

    counter.store.commit = commit
    counter.store.gate.set()
    assert await errors(answers) == [Accepted, Accepted, StorageUnavailableError, Accepted, Accepted]
    assert "OverflowError: a number" in capsys.readouterr().out
    batch, answers = counter.submit(1)
    assert await asyncio.gather(*answers) == accepted(batch)


async def test_what_committed_before_the_database_went_away_stays_accepted(open_counter: Open) -> None:
    counter = open_counter()
    batch, answers = counter.submit(4)
    counter.store.bad = {batch[3].task_id}
    counter.store.gate.set()
    stored = counter.store.commit

    async def commit(part: Sequence[Submission], /) -> Committed:
        if len(part) == 1:
            raise StorageUnavailableError("gone")
        return await stored(part)

    counter.store.commit = commit
    assert await errors(answers) == [Accepted, Accepted, StorageUnavailableError, StorageUnavailableError]


async def test_a_client_that_hangs_up_cancels_no_commit(open_counter: Open) -> None:
    counter = open_counter()
    batch, answers = counter.submit(3)
    await counter.store.entered.get()
    answers[0].cancel()
    answers[2].cancel()
    counter.store.gate.set()
    assert await answers[1] == Accepted(batch[1].task_id)
    assert counter.store.batches == [[submission.task_id for submission in batch]]
    assert counter.witness.fed == [submission.task_id for submission in batch]


async def test_a_stop_answers_everybody(open_counter: Open) -> None:
    counter = open_counter(batch=1)
    _, answers = counter.submit(3)
    await counter.store.entered.get()
    await counter.intake.stop()
    assert await errors(answers) == [StorageUnavailableError] * 3
