"""Intake's transaction on both databases."""

import tempfile
from dataclasses import replace
from pathlib import Path
from shutil import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.control_contract import ControlContract, EditContract
from contracts.conversation_contract import AnswerContract, ReplaceContract, ReplyContract, RetryContract
from contracts.storage_contract import NO_CAPS, Books, TaskContract
from hookline.domain.delivery import Accepted, Duplicate
from hookline.domain.errors import StorageUnavailableError, UnstorableError
from hookline.domain.intake import IngestStore
from hookline.domain.rules import Caps
from hookline.storage.database import Database, open_database, sqlite_url
from hookline.storage.ingest import SqlIngestStore
from hookline.storage.models import DeliveryRow
from servers import PostgresServer, database_url


class _OfSql:
    def store(self, database: Database, caps: Caps) -> IngestStore:
        return SqlIngestStore(database, caps)


class TestTasks(_OfSql, TaskContract):
    pass


class TestEdits(_OfSql, EditContract):
    pass


class TestAnswers(_OfSql, AnswerContract):
    pass


class TestReplies(_OfSql, ReplyContract):
    pass


class TestRetries(_OfSql, RetryContract):
    pass


class TestReplacing(_OfSql, ReplaceContract):
    pass


class TestControls(_OfSql, ControlContract):
    pass


@pytest.fixture
def books(database: Database) -> Books:
    return Books(database, SqlIngestStore(database, NO_CAPS))


@pytest.mark.parametrize("change", [{"sha256": None}, {"headers": "\ud800"}, {"size": 2**70}])
async def test_a_refused_row_leaves_nothing_of_its_batch(books: Books, change: dict) -> None:
    fine, bad = books.sender.asks("k1"), books.sender.asks("k2")
    with pytest.raises(UnstorableError):
        await books.commit(fine, replace(bad, receipt=replace(bad.receipt, **change)))
    assert await books.task_ids() == []
    assert await books.keys() == {}
    assert await books.verdict(fine) == Accepted(fine.task_id)


@pytest.mark.integration
@pytest.mark.parametrize("key", ["a" * 256, "a\0", "\ud800"])
async def test_postgresql_s_refusals_are_told_from_its_absence(postgres_database: Database, key: str) -> None:
    books = Books(postgres_database, SqlIngestStore(postgres_database, NO_CAPS))
    with pytest.raises(UnstorableError):
        await books.commit(books.sender.asks(key))


async def test_a_refusal_names_no_value(books: Books) -> None:
    bad = books.sender.asks("k")
    bad = replace(bad, receipt=replace(bad.receipt, headers="secret\ud800"))
    with pytest.raises(UnstorableError) as caught:
        await books.commit(bad)
    assert "secret" not in str(caught.value)


async def test_text_that_no_database_stores_is_cleaned(books: Books) -> None:
    asked = books.sender.asks("k", text="a\0b", title="\ud800", url="https://example.com/\0")
    assert await books.verdict(asked) == Accepted(asked.task_id)
    assert await books.rows(DeliveryRow.title, DeliveryRow.url) == [("�", "https://example.com/�")]


@pytest.mark.integration
async def test_no_database_is_unavailable(postgres: PostgresServer) -> None:
    database = open_database(database_url(postgres.url, "nowhere"))
    books = Books(database, SqlIngestStore(database, NO_CAPS))
    with pytest.raises(StorageUnavailableError):
        await books.commit(books.sender.asks("k"))
    await database.close()


async def test_no_schema_is_unavailable(tmp_path: Path) -> None:
    database = open_database(sqlite_url(tmp_path / "empty.db"))
    books = Books(database, SqlIngestStore(database, NO_CAPS))
    with pytest.raises(StorageUnavailableError):
        await books.commit(books.sender.asks("k"))
    await database.close()


KEY_SETS = st.sets(st.sampled_from("abcdefgh"), min_size=1, max_size=3)
BATCHES = st.lists(st.lists(KEY_SETS, min_size=1, max_size=5), min_size=1, max_size=6)


class FirstOneWins:
    """The rule in few words: who shares a key with what is known, itself or by its twins, is a repetition."""

    def __init__(self) -> None:
        self.owners: dict[str, str] = {}

    def decide(self, batch: list[set[str]], names: list[str]) -> list[tuple[str, set[str]]]:
        """The status of each, and the tasks it may name."""
        answers: list[tuple[str, set[str]]] = []
        groups = [self._with_twins(at, batch) for at in range(len(batch))]
        for at, group in enumerate(groups):
            keys = set().union(*(batch[member] for member in group))
            known = {self.owners[key] for key in keys if key in self.owners}
            leader = names[min(group)]
            is_first = not known and at == min(group)
            answers.append(("accepted" if is_first else "duplicate", known or {leader}))
        return answers

    def learn(self, batch: list[set[str]], tasks: list[str]) -> None:
        for keys, task in zip(batch, tasks, strict=True):
            for key in keys:
                self.owners.setdefault(key, task)

    def _with_twins(self, at: int, batch: list[set[str]]) -> set[int]:
        group, keys = {at}, set(batch[at])
        for _ in batch:
            group |= {other for other, theirs in enumerate(batch) if theirs & keys}
            keys |= set().union(*(batch[member] for member in group))
        return group


async def _store_and_compare(path: Path, batches: list[list[set[str]]]) -> None:
    database, model = open_database(sqlite_url(path)), FirstOneWins()
    books = Books(database, SqlIngestStore(database, NO_CAPS))
    try:
        for batch in batches:
            submissions = [books.sender.asks(*keys) for keys in batch]
            verdicts = await books.verdicts(*submissions)
            expected = model.decide(batch, [submission.task_id for submission in submissions])
            named = [v.task_id for v in verdicts if isinstance(v, Accepted | Duplicate) and v.task_id]
            assert [verdict.status for verdict in verdicts] == [status for status, _ in expected]
            assert all(task in may for task, (_, may) in zip(named, expected, strict=True))
            model.learn(batch, named)
            assert await books.keys() == model.owners
        assert set(await books.task_ids()) == set(model.owners.values())
    finally:
        await database.close()


@settings(max_examples=60)
@given(batches=BATCHES)
async def test_any_batches_go_by_first_one_wins(migrated_sqlite: Path, batches: list[list[set[str]]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        await _store_and_compare(Path(copy(migrated_sqlite, folder)), batches)
