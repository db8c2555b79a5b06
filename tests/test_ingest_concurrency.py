"""Batches that commit at the same moment: no deadlock, and still one task for each subject."""

import asyncio
import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import asyncpg
import pytest

from contracts.storage_contract import NO_CAPS, Books
from hookline.domain.delivery import Accepted, Applied, Duplicate, Verdict
from hookline.domain.intake import Submission
from hookline.storage import claims
from hookline.storage.database import COMMITTERS_ON_POSTGRESQL, Database
from hookline.storage.ingest import SqlIngestStore
from hookline.storage.models import TaskEventRow

pytestmark = pytest.mark.no_cover

SUBJECTS = [f"subject-{number:03}" for number in range(60)]


@pytest.fixture
def books(database: Database) -> Books:
    return Books(database, SqlIngestStore(database, NO_CAPS))


@pytest.fixture
def postgres_books(postgres_database: Database) -> Books:
    return Books(postgres_database, SqlIngestStore(postgres_database, NO_CAPS))


def overlapping_batches(books: Books, seed: int, count: int, size: int) -> list[list[Submission]]:
    """Batches over the same subjects, each in an order of its own, every delivery with a key of its own."""
    chance = random.Random(seed)
    return [
        [
            books.sender.asks(*chance.sample([subject, f"delivery-{batch}-{subject}"], 2))
            for subject in chance.sample(SUBJECTS, size)
        ]
        for batch in range(count)
    ]


async def all_at_once(books: Books, batches: Sequence[Sequence[Submission]]) -> list[Sequence[Verdict]]:
    """Commit them with as many transactions at a time as there are connections, less one for others."""
    turns = asyncio.Semaphore(COMMITTERS_ON_POSTGRESQL + 3)

    async def commit(batch: Sequence[Submission]) -> Sequence[Verdict]:
        async with turns:
            return await books.verdicts(*batch)

    return await asyncio.gather(*(commit(batch) for batch in batches))


def tasks_by_subject(batch: Sequence[Submission], verdicts: Sequence[Verdict]) -> list[tuple[str, str]]:
    named = []
    for submission, verdict in zip(batch, verdicts, strict=True):
        assert isinstance(verdict, Accepted | Duplicate)
        subject = next(key for key in submission.outcome.keys if key.startswith("subject"))
        named.append((subject, verdict.task_id))
    return named


@pytest.mark.parametrize("seed", range(3))
async def test_overlapping_batches_make_one_task_of_each_subject(books: Books, seed: int) -> None:
    batches = overlapping_batches(books, seed, count=24, size=40)
    answers = await all_at_once(books, batches)
    named = {
        pair
        for batch, verdicts in zip(batches, answers, strict=True)
        for pair in tasks_by_subject(batch, verdicts)
    }
    accepted = [
        verdict.task_id for verdicts in answers for verdict in verdicts if verdict.status == "accepted"
    ]
    assert sorted(subject for subject, _ in named) == SUBJECTS
    assert sorted(accepted) == await books.task_ids() == sorted(task_id for _, task_id in named)
    keys = await books.keys()
    assert all(keys[subject] == task_id for subject, task_id in named)
    assert len(keys) == len(SUBJECTS) + 24 * 40


async def test_concurrent_edits_are_all_applied_to_one_task(books: Books) -> None:
    await books.commit(first := books.sender.asks("v1"))
    edits = [books.sender.edits(f"edit-{number}") for number in range(8)]
    answers = await all_at_once(books, [[edit] for edit in edits])
    assert answers == [[Applied("revise", first.task_id)]] * 8
    seqs = [seq for (seq,) in await books.rows(TaskEventRow.seq)]
    assert seqs == list(range(1, 10))


async def test_concurrent_cancels_cancel_once(books: Books) -> None:
    await books.commit(first := books.sender.asks("k"))
    cancels = [books.sender.cancels(f"cancel-{number}") for number in range(8)]
    answers = await all_at_once(books, [[cancel] for cancel in cancels])
    assert [answer.status for (answer,) in answers].count("applied") == 1
    assert await books.events(first.task_id) == ["task.created", "task.cancelled"]
    assert len(await books.keys()) == 2


async def test_alerts_and_cancels_at_once_leave_one_open_task(books: Books) -> None:
    def alert(number: int) -> Submission:
        return books.sender.asks(f"alert-{number}", open_key="open")

    batches = [
        [alert(number)] if number % 3 else [books.sender.cancels(f"c-{number}")] for number in range(24)
    ]
    await all_at_once(books, batches)
    assert (await books.states()).count("queued") <= 1
    last = await books.verdict(alert(99))
    assert (await books.states()).count("queued") == 1
    assert (await books.keys())["open"] == last.task_id


@pytest.mark.integration
async def test_a_key_that_is_freed_while_it_is_looked_up_is_claimed_again(
    postgres_books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    books, look_up, is_freed = postgres_books, claims.key_owners, []
    await books.commit(books.sender.asks("alert-1", open_key="open"))

    async def free() -> None:
        connection = await asyncpg.connect(
            books.database.url.set(drivername="postgresql").render_as_string(False)
        )
        await connection.execute("DELETE FROM dedupe_keys WHERE key = 'open'")
        await connection.close()

    def look_up_after_it_was_freed(*arguments: object) -> object:
        if not is_freed:
            is_freed.append(True)
            with ThreadPoolExecutor(1) as thread:
                thread.submit(asyncio.run, free()).result()
        return look_up(*arguments)

    monkeypatch.setattr(claims, "key_owners", look_up_after_it_was_freed)
    second = books.sender.asks("alert-2", open_key="open")
    assert await books.verdict(second) == Accepted(second.task_id)
    assert (await books.keys())["open"] == second.task_id
    assert await books.verdict(books.sender.asks("alert-3", open_key="open")) == Duplicate(second.task_id)


@pytest.mark.integration
@pytest.mark.parametrize("with_first", [False, True])
async def test_edits_at_the_moment_of_the_text_make_one_task(postgres_books: Books, with_first: bool) -> None:
    sender = postgres_books.sender
    for number in range(20):
        origin, first = f"github:octo/app:comment/{number}", f"first-{number}"
        batch = [sender.edits(f"edit-{number}-{at}", origin=origin, revises=first) for at in range(5)]
        if with_first:
            batch.insert(3, sender.asks(first, origin=origin))
        verdicts = [made for (made,) in await all_at_once(postgres_books, [[each] for each in batch])]
        assert [verdict.status for verdict in verdicts].count("accepted") == 1, verdicts
        assert len({verdict.task_id for verdict in verdicts}) == 1
