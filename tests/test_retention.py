"""Pruning: what is old goes in its order, and nothing that an unfinished task needs."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import InstrumentedAttribute

from hookline.core.insights import Insights
from hookline.domain.errors import ConfigurationError, NotFoundError
from hookline.domain.intake import Submission
from hookline.domain.rules import Caps
from hookline.storage.database import Database
from hookline.storage.delivery_reader import SqlDeliveryReader
from hookline.storage.ingest import SqlIngestStore
from hookline.storage.log_source import SqlLogSource
from hookline.storage.models import DedupeKeyRow, DeliveryRow, DeliveryTaskRow, TaskRow
from hookline.storage.retention import Pruned, SqlRetention
from hookline.storage.task_reader import SqlTaskReader
from submissions import Sender

DAY = timedelta(days=1)
AGES = (30 * DAY, 180 * DAY, 400 * DAY)


class Cellar:
    """A database with things of several ages, pruned in chunks of two."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.sender = Sender()
        self.store = SqlIngestStore(database, Caps())
        self.retention = SqlRetention(database, chunk=2, rest=timedelta(0))
        self.insights = Insights(
            SqlTaskReader(database),
            SqlDeliveryReader(database),
            SqlLogSource(database),
            self.sender.clock,
            self.sender.new_id,
        )

    async def keep(self, *batch: Submission) -> None:
        await self.store.commit(batch)

    async def finish(self, *submissions: Submission) -> None:
        task_ids = [submission.task_id for submission in submissions]
        async with self.database.write() as connection:
            await connection.execute(
                update(TaskRow).where(TaskRow.id.in_(task_ids)).values(state="succeeded")
            )

    async def prune_after(self, age: timedelta) -> Pruned:
        """What was pruned, after it was counted."""
        counted = await self.retention.count(self.sender.clock() + age, *AGES)
        pruned = await self._prune_after(age)
        assert counted == pruned
        return pruned

    async def _prune_after(self, age: timedelta) -> Pruned:
        return await self.retention.prune(self.sender.clock() + age, *AGES)

    async def all_of(self, column: InstrumentedAttribute) -> list:
        async with self.database.read() as connection:
            return list((await connection.execute(select(column).order_by(column))).scalars())


@pytest.fixture
def cellar(database: Database) -> Cellar:
    return Cellar(database)


async def test_nothing_is_forgotten_before_its_time(cellar: Cellar) -> None:
    await cellar.keep(submission := cellar.sender.asks("k"))
    await cellar.finish(submission)
    assert await cellar.prune_after(30 * DAY) == Pruned(0, 0, 0)
    assert await cellar.prune_after(30 * DAY + timedelta(milliseconds=1)) == Pruned(1, 0, 0)


async def test_things_go_in_their_order_and_in_chunks(cellar: Cellar) -> None:
    old = [cellar.sender.asks(f"k{number}") for number in range(5)]
    await cellar.keep(*old)
    await cellar.store.record([cellar.sender.ignored()])
    cellar.sender.clock.advance(timedelta(days=500))
    await cellar.keep(young := cellar.sender.asks("young"))
    await cellar.finish(*old, young)
    cellar.sender.clock.advance(-timedelta(days=500))
    assert await cellar.prune_after(31 * DAY) == Pruned(6, 0, 0)
    assert await cellar.prune_after(31 * DAY) == Pruned(0, 0, 0)
    assert await cellar.prune_after(181 * DAY) == Pruned(0, 6, 0)
    assert await cellar.prune_after(401 * DAY) == Pruned(0, 0, 5)
    assert await cellar.all_of(DeliveryRow.id) == [young.receipt.id]
    assert await cellar.all_of(DeliveryTaskRow.delivery_id) == [young.receipt.id]
    assert await cellar.all_of(DedupeKeyRow.key) == ["young"]
    assert len(await cellar.all_of(TaskRow.id)) == 6


async def test_only_bodies_and_headers_go_first(cellar: Cellar) -> None:
    await cellar.keep(submission := cellar.sender.asks("k"))
    await cellar.prune_after(31 * DAY)
    detail = await cellar.insights.delivery(submission.receipt.id)
    assert (detail.headers, detail.has_body, detail.delivery.status) == ({}, False, "accepted")
    for read in (
        cellar.insights.raw_for_replay(submission.receipt.id),
        cellar.insights.body_of(submission.receipt.id, "o"),
    ):
        with pytest.raises(NotFoundError, match="no longer kept"):
            await read
    async with cellar.database.read() as connection:
        count = await connection.execute(select(func.count()).select_from(DeliveryRow))
        assert count.scalar_one() == 1


async def test_what_an_unfinished_task_needs_stays(cellar: Cellar) -> None:
    waiting, over = cellar.sender.asks("k", open_key="open"), cellar.sender.asks("k2")
    repeated = cellar.sender.asks("k")
    await cellar.keep(waiting, over)
    await cellar.keep(repeated)
    await cellar.finish(over)
    assert await cellar.prune_after(1000 * DAY) == Pruned(3, 1, 1)
    assert await cellar.all_of(DedupeKeyRow.key) == ["k", "open"]
    assert await cellar.all_of(DeliveryRow.id) == [waiting.receipt.id, repeated.receipt.id]
    await cellar.finish(waiting)
    assert await cellar.prune_after(1000 * DAY) == Pruned(0, 2, 2)


async def test_the_story_outlives_its_delivery_with_the_same_numbers(cellar: Cellar) -> None:
    await cellar.keep(submission := cellar.sender.asks("k"))
    await cellar.finish(submission)
    before = await cellar.insights.story(submission.task_id)
    await cellar.prune_after(200 * DAY)
    after = await cellar.insights.story(submission.task_id)
    assert [(line.seq, line.at, line.event) for line in after] == [
        (line.seq, line.at, line.event) for line in before
    ]
    assert after[0].data["pruned"]
    assert (await cellar.insights.task(submission.task_id)).deliveries == []


@pytest.mark.parametrize(
    "ages", [(10 * DAY, DAY, 9 * DAY), (DAY, 10 * DAY, 9 * DAY), (10 * DAY, 10 * DAY, timedelta(0))]
)
async def test_keys_outlive_what_they_guard(cellar: Cellar, ages: tuple[timedelta, ...]) -> None:
    await cellar.keep(cellar.sender.asks("k"))
    with pytest.raises(ConfigurationError, match="keys must be kept"):
        await cellar.retention.prune(cellar.sender.clock() + 1000 * DAY, *ages)
    assert await cellar.all_of(DeliveryRow.body) != [None]
