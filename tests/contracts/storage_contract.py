"""What every `IngestStore` must do with what asks for tasks, on every database."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from itertools import permutations

import pytest
from sqlalchemy import select, update

from hookline.domain.command import Band
from hookline.domain.delivery import Accepted, Duplicate, Passed, Verdict
from hookline.domain.ids import TaskId
from hookline.domain.intake import Committed, IngestStore, Submission
from hookline.domain.queue import Changed, QueuedTask
from hookline.domain.rules import Caps
from hookline.storage.database import Database
from hookline.storage.models import (
    ConversationAliasRow,
    DedupeKeyRow,
    DeliveryRow,
    DeliveryTaskRow,
    TaskEventRow,
    TaskRow,
)
from submissions import CONVERSATION, LANE, Sender

NO_CAPS = Caps()


class Books:
    """A store, somebody who sends, and a look at what the database holds."""

    def __init__(self, database: Database, store: IngestStore) -> None:
        self.database = database
        self.store = store
        self.sender = Sender()

    async def commit(self, *batch: Submission) -> Committed:
        return await self.store.commit(batch)

    async def verdicts(self, *batch: Submission) -> Sequence[Verdict]:
        return (await self.commit(*batch)).verdicts

    async def verdict(self, submission: Submission) -> Verdict:
        (verdict,) = await self.verdicts(submission)
        return verdict

    async def rows(self, *columns: object) -> list[tuple]:
        async with self.database.read() as connection:
            return [tuple(row) for row in await connection.execute(select(*columns).order_by(*columns))]

    async def task_ids(self) -> list[str]:
        return [task_id for (task_id,) in await self.rows(TaskRow.id)]

    async def keys(self) -> dict[str, str | None]:
        return dict(await self.rows(DedupeKeyRow.key, DedupeKeyRow.task_id))

    async def states(self) -> list[str]:
        return [state for _, state in await self.rows(TaskRow.id, TaskRow.state)]

    async def events(self, task_id: TaskId) -> list[str]:
        columns = (TaskEventRow.task_id, TaskEventRow.seq, TaskEventRow.event)
        return [event for owner, _, event in await self.rows(*columns) if owner == task_id]

    async def change(self, submission: Submission, **values: object) -> None:
        async with self.database.write() as connection:
            mine = TaskRow.id == submission.task_id
            await connection.execute(update(TaskRow).where(mine).values(**values))


class StoreTests(ABC):
    """Gives the tests of a contract their books."""

    @abstractmethod
    def store(self, database: Database, caps: Caps) -> IngestStore:
        """Make the store under test."""

    @pytest.fixture
    def books(self, database: Database) -> Books:
        return Books(database, self.store(database, NO_CAPS))


class TaskContract(StoreTests):
    """One subject, at most one task, and everything of it in one transaction."""

    async def test_a_task_is_stored_with_all_that_belongs_to_it(self, books: Books) -> None:
        asked = books.sender.asks("k1", "k2", open_key="open")
        committed = await books.commit(asked)
        assert committed.verdicts == [Accepted(asked.task_id)]
        assert committed.changed.queued == [
            QueuedTask(asked.task_id, Band.NORMAL, LANE, CONVERSATION, asked.receipt.received_at)
        ]
        assert committed.changed.removed == []
        assert await books.keys() == dict.fromkeys(("k1", "k2", "open"), asked.task_id)
        assert await books.events(asked.task_id) == ["task.created"]
        columns = (DeliveryRow.id, DeliveryRow.status, DeliveryRow.task_id, DeliveryRow.rule)
        assert await books.rows(*columns) == [(asked.receipt.id, "accepted", asked.task_id, "mention")]
        assert await books.rows(DeliveryTaskRow.task_id, DeliveryTaskRow.role) == [(asked.task_id, "origin")]

    async def test_an_empty_batch_is_nothing(self, books: Books) -> None:
        assert await books.commit() == Committed([], Changed([], [], []))

    async def test_different_subjects_are_different_tasks(self, books: Books) -> None:
        batch = [books.sender.asks(f"k{number}") for number in range(5)]
        assert await books.verdicts(*batch) == [Accepted(submission.task_id) for submission in batch]
        assert await books.task_ids() == [submission.task_id for submission in batch]

    async def test_a_repetition_names_the_first_one_s_task(self, books: Books) -> None:
        first, second, third = (books.sender.asks("k") for _ in range(3))
        await books.commit(first)
        assert await books.verdict(second) == Duplicate(first.task_id)
        assert await books.verdict(third) == Duplicate(first.task_id)
        assert await books.task_ids() == [first.task_id]
        roles = await books.rows(DeliveryTaskRow.delivery_id, DeliveryTaskRow.role)
        assert [role for _, role in roles] == ["origin", "duplicate", "duplicate"]

    async def test_a_finished_task_s_subject_is_still_known(self, books: Books) -> None:
        await books.commit(first := books.sender.asks("k"))
        await books.change(first, state="succeeded")
        assert await books.verdict(books.sender.asks("k")) == Duplicate(first.task_id)

    @pytest.mark.parametrize("order", list(permutations([("d1", "s"), ("d2", "s"), ("d3",)])))
    async def test_twins_of_a_batch_are_one_task(self, books: Books, order: list[tuple[str, ...]]) -> None:
        batch = [books.sender.asks(*keys) for keys in order]
        verdicts = await books.verdicts(*batch)
        twins = [at for at, keys in enumerate(order) if "s" in keys]
        leader = batch[twins[0]].task_id
        assert verdicts[twins[0]] == Accepted(leader)
        assert verdicts[twins[1]] == Duplicate(leader)
        assert (await books.keys()).keys() == {"d1", "d2", "d3", "s"}
        assert len(await books.task_ids()) == 2

    @pytest.mark.parametrize("order", list(permutations([("a",), ("b",), ("a", "b")])))
    async def test_twins_of_twins_are_one_task(self, books: Books, order: list[tuple[str, ...]]) -> None:
        batch = [books.sender.asks(*keys) for keys in order]
        first = batch[0].task_id
        assert await books.verdicts(*batch) == [Accepted(first), Duplicate(first), Duplicate(first)]
        assert await books.keys() == {"a": first, "b": first}

    async def test_twins_are_joined_across_batches(self, books: Books) -> None:
        await books.commit(first := books.sender.asks("d1", "s"))
        assert await books.verdict(books.sender.asks("s", "d2")) == Duplicate(first.task_id)
        assert await books.verdict(books.sender.asks("d2", "d3")) == Duplicate(first.task_id)
        assert await books.verdict(books.sender.asks("d3")) == Duplicate(first.task_id)
        assert await books.task_ids() == [first.task_id]

    async def test_a_repetition_and_its_twin_in_a_batch_name_the_stored_task(self, books: Books) -> None:
        await books.commit(first := books.sender.asks("s"))
        new = books.sender.asks("other")
        verdicts = await books.verdicts(books.sender.asks("d2"), new, books.sender.asks("d2", "s"))
        assert verdicts == [Duplicate(first.task_id), Accepted(new.task_id), Duplicate(first.task_id)]
        assert await books.keys() == {"s": first.task_id, "d2": first.task_id, "other": new.task_id}

    async def test_who_speaks_of_two_tasks_makes_no_third(self, books: Books) -> None:
        await books.commit(one := books.sender.asks("a"), two := books.sender.asks("b"))
        verdict = await books.verdict(books.sender.asks("b", "a"))
        assert verdict in {Duplicate(one.task_id), Duplicate(two.task_id)}
        assert len(await books.task_ids()) == 2

    async def test_what_is_ignored_claims_nothing(self, books: Books) -> None:
        await books.store.record([books.sender.ignored(), books.sender.ignored()])
        assert await books.keys() == {}
        assert await books.rows(DeliveryRow.status) == [("ignored",), ("ignored",)]

    async def test_a_joined_conversation_is_the_first_one(self, books: Books) -> None:
        pull_request = f"{LANE}#40"
        await books.commit(books.sender.asks("k1", joins=pull_request))
        await books.commit(books.sender.asks("k2", conversation=pull_request))
        await books.commit(books.sender.asks("k3", conversation=f"{LANE}#41", joins=pull_request))
        conversations = [
            conversation for _, conversation in await books.rows(TaskRow.id, TaskRow.conversation)
        ]
        assert conversations == [CONVERSATION, CONVERSATION, f"{LANE}#41"]
        aliases = await books.rows(ConversationAliasRow.alias, ConversationAliasRow.conversation)
        assert aliases == [(pull_request, CONVERSATION)]

    async def test_a_conversation_joins_another_within_a_batch(self, books: Books) -> None:
        pull_request = f"{LANE}#40"
        comment = books.sender.asks("c", conversation=pull_request)
        await books.commit(comment, books.sender.asks("p", joins=pull_request))
        assert {place for (place,) in await books.rows(TaskRow.conversation)} == {CONVERSATION}

    @pytest.mark.parametrize("caps", [Caps(lane=2), Caps(person=2), Caps(source=2)])
    async def test_what_is_beyond_a_cap_is_passed_and_may_come_again(
        self, database: Database, caps: Caps
    ) -> None:
        books = Books(database, self.store(database, caps))
        assert isinstance(await books.verdict(books.sender.asks("k1")), Accepted)
        verdicts = await books.verdicts(books.sender.asks("k2"), books.sender.asks("k3"))
        assert isinstance(verdicts[0], Accepted)
        assert verdicts[1] == Passed("capped")
        assert (await books.keys()).keys() == {"k1", "k2"}
        assert await books.verdict(books.sender.asks("k1")) == Duplicate((await books.task_ids())[0])
        generous = Books(database, self.store(database, NO_CAPS))
        generous.sender = books.sender
        assert isinstance(await generous.verdict(books.sender.asks("k3")), Accepted)

    async def test_a_cap_counts_one_lane_and_one_hour(self, database: Database) -> None:
        books = Books(database, self.store(database, Caps(lane=1)))
        assert isinstance(await books.verdict(books.sender.asks("k1")), Accepted)
        assert isinstance(await books.verdict(books.sender.asks("k2", lane="github:octo/b")), Accepted)
        assert await books.verdict(books.sender.asks("k3")) == Passed("capped")
        books.sender.pass_an_hour()
        assert isinstance(await books.verdict(books.sender.asks("k3")), Accepted)
