"""Every list that people read and everything that pruning does finds its rows by an index."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import Table, text, update

from hookline.domain.lifecycle import LifeLimits
from hookline.domain.queue import QueueEpoch
from hookline.domain.reading import DeliveryFilter, TaskFilter
from hookline.domain.rules import Caps
from hookline.domain.task import TaskState
from hookline.reading import make_insights
from hookline.storage.database import Database
from hookline.storage.ingest import SqlIngestStore
from hookline.storage.ledger import SqlQueueLedger
from hookline.storage.lifecycle import SqlLifecycleStore
from hookline.storage.models import DedupeKeyRow, DeliveryRow, DeliveryTaskRow, TaskRow
from hookline.storage.retention import Pruned, SqlRetention
from hookline.storage.starting import start_all
from lives import Office
from query_plans import heard, ways_to_rows
from submissions import LANE, PLAN, Sender

DAY = timedelta(days=1)
AGES = (30 * DAY, 180 * DAY, 400 * DAY)
MANY = 9_999
FOLDS = replace(PLAN, folds=True)
A_LATER_ID = "'029ca945-' || lpad(cast(n AS text), 4, '0') || '-7000-8000-000000000001'"
A_WAITING_ID = A_LATER_ID.replace("029ca945", "029ca946")
QUEUED = frozenset({TaskState.QUEUED})
INDEXES = {
    TaskFilter(): "in the order of pk_tasks",
    TaskFilter(states=QUEUED): "ix_tasks_state_id",
    TaskFilter(states=QUEUED | {TaskState.WAITING}): "ix_tasks_state_id",
    TaskFilter(lane=LANE): "ix_tasks_lane_id",
    TaskFilter(provider="github"): "ix_tasks_provider_id",
    TaskFilter(conversation=f"{LANE}#12"): "ix_tasks_conversation_id",
    DeliveryFilter(): "in the order of pk_deliveries",
    DeliveryFilter(status="ignored"): "ix_deliveries_status_id",
    DeliveryFilter(lane=LANE): "ix_deliveries_lane_id",
    DeliveryFilter(provider="github"): "ix_deliveries_provider_id",
}


async def _crowd(database: Database, table: Table, key: str, changes: Mapping[str, str]) -> None:
    """Add many copies of a row, each younger and about something else, and tell PostgreSQL of them.

    SQLite, which is never told of its rows, plans the same way without them.
    """
    if database.is_sqlite:
        return
    columns = [column.name for column in table.columns]
    names = ", ".join(f'"{name}"' for name in columns)
    values = ", ".join(changes.get(name, f'"{name}"') for name in columns)
    source = f"{table.name}, generate_series(1, {MANY}) AS n"
    first = f"{key} = (SELECT min({key}) FROM {table.name})"
    copy = f"INSERT INTO {table.name} ({names}) SELECT {values} FROM {source} WHERE {first}"
    async with database.write() as connection:
        await connection.execute(text(copy))
        await connection.execute(text(f"ANALYZE {table.name}"))


@pytest.fixture
def postgres_database(fresh_postgres_database: Database) -> Database:
    """One of its own: what other tests have left behind would change the plans."""
    return fresh_postgres_database


@pytest.fixture
async def sender(database: Database) -> Sender:
    """Somebody who sent a few things long ago, before many others sent much else."""
    sender = Sender()
    store = SqlIngestStore(database, Caps())
    batch = [sender.asks(f"k{number}") for number in range(3)]
    await store.commit(batch)
    await store.record([sender.ignored()])
    async with database.write() as connection:
        is_over = update(TaskRow).where(TaskRow.id != batch[0].task_id).values(state="succeeded")
        await connection.execute(is_over)
    later = str(int((sender.clock() + 1000 * DAY).timestamp()) * 1_000_000)
    elsewhere = {"provider": "'sentry'", "lane": "'sentry:web'", "conversation": "'sentry:17'"}
    task = {"id": A_LATER_ID, "state": "'cancelled'", "delivery_id": A_LATER_ID, **elsewhere}
    delivery = {"id": A_LATER_ID, "status": "'duplicate'", "received_at": later, **elsewhere}
    await _crowd(database, TaskRow.__table__, "id", task)
    await _crowd(database, DeliveryRow.__table__, "id", delivery)
    link = {"task_id": A_LATER_ID, "delivery_id": A_LATER_ID}
    await _crowd(database, DeliveryTaskRow.__table__, "task_id", link)
    key = {"key": A_LATER_ID, "task_id": A_LATER_ID, "claimed_at": later}
    await _crowd(database, DedupeKeyRow.__table__, "key", key)
    return sender


async def _ways(database: Database, work: Callable[[], Awaitable]) -> list[tuple[str, set[str]]]:
    """How each statement of some work found its rows, told by its first word."""
    with heard(database) as asked:
        await work()
    explained = [one for one in asked if one.sql.startswith(("SELECT", "UPDATE", "DELETE"))]
    return [(one.sql.partition(" ")[0], await ways_to_rows(database, one)) for one in explained]


async def test_a_list_looks_only_at_what_it_shows(database: Database, sender: Sender) -> None:
    insights = make_insights(database)
    ways = {}
    for condition in INDEXES:
        read = insights.tasks if isinstance(condition, TaskFilter) else insights.deliveries
        ways[condition] = await _ways(database, partial(read, condition, None, 50))
    assert ways == {condition: [("SELECT", {index})] for condition, index in INDEXES.items()}


async def test_the_relay_looks_only_at_what_the_queue_lacks(database: Database, sender: Sender) -> None:
    ledger = SqlQueueLedger(database)
    later = sender.clock() + DAY
    ways = await _ways(database, lambda: ledger.missing({QueueEpoch("here")}, later, 50))
    found = [{way for way in each if not way.startswith("all rows of anon")} for _, each in ways]
    by_epoch = "ix_tasks_queue_epoch_accepted_at"
    assert [*found[:-1], found[-1] - {"pk_attempts", "all rows of attempts"}] == [{by_epoch}] * len(found)
    assert len(found) == 3


async def test_a_start_looks_only_at_its_conversation(database: Database, sender: Sender) -> None:
    office = Office(database, SqlLifecycleStore(database))
    office.sender = sender
    waiting = {"id": A_WAITING_ID, "state": "'queued'", "fold_key": "'alike'"}
    await _crowd(database, TaskRow.__table__, "id", {**waiting, "conversation": "'sentry:' || n"})
    task_ids = [await office.accept(f"{LANE}#{number}", plan=FOLDS) for number in range(3)]
    follow_up = await office.accept(f"{LANE}#0", plan=FOLDS)
    claims = [office.claim(task_id) for task_id in task_ids]
    begin = partial(start_all, starts=claims, begins_at=sender.clock, limits=LifeLimits(), ended=[])

    async def start() -> None:
        async with database.write() as connection:
            await connection.run_sync(begin)

    ways = await _ways(database, start)
    assert await office.state(follow_up) == "cancelled"
    conversations, foldable, locked, *_ = [way for _, way in ways]
    assert conversations == {"pk_tasks"}
    assert foldable == {"ix_tasks_conversation_id_foldable"}
    assert locked == {
        "pk_tasks",
        "ix_tasks_state_id" if database.is_sqlite else "uq_tasks_conversation_running",
    }
    assert not {way for _, each in ways for way in each if way == "all rows of tasks"}


async def test_pruning_looks_only_at_what_is_old(database: Database, sender: Sender) -> None:
    retention = SqlRetention(database, rest=timedelta(0))
    now = sender.clock() + 500 * DAY

    async def prune() -> None:
        assert await retention.prune(now, *AGES) == Pruned(4, 3, 2)

    ways = await _ways(database, prune)
    assert ways == [
        ("SELECT", {"pk_deliveries"}),
        ("UPDATE", {"pk_deliveries"}),
        ("SELECT", {"pk_deliveries", "ix_delivery_tasks_delivery_id", "pk_tasks"}),
        ("DELETE", {"ix_delivery_tasks_delivery_id"}),
        ("DELETE", {"pk_deliveries"}),
        ("SELECT", {"ix_dedupe_keys_claimed_at", "pk_tasks"}),
        ("DELETE", {"pk_dedupe_keys"}),
    ]


async def test_counting_before_pruning_looks_only_at_what_is_old(database: Database, sender: Sender) -> None:
    retention = SqlRetention(database)
    ways = await _ways(database, lambda: retention.count(sender.clock() + 500 * DAY, *AGES))
    assert ways == [
        ("SELECT", {"pk_deliveries"}),
        ("SELECT", {"pk_deliveries", "ix_delivery_tasks_delivery_id", "pk_tasks"}),
        ("SELECT", {"ix_dedupe_keys_claimed_at", "pk_tasks"}),
    ]
