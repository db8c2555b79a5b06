"""What is read from both databases: tasks, deliveries, stories, facts for the log."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from zstandard import ZstdCompressor

from hookline.core.insights import Insights
from hookline.domain.delivery import Verdict
from hookline.domain.errors import NotFoundError
from hookline.domain.intake import Note, Submission
from hookline.domain.reading import DeliveryFilter, TaskFilter
from hookline.domain.rules import Caps
from hookline.domain.task import TaskState
from hookline.storage.database import Database
from hookline.storage.delivery_reader import SqlDeliveryReader
from hookline.storage.ingest import SqlIngestStore
from hookline.storage.log_source import SqlLogSource
from hookline.storage.models import AuditRow, TaskRow
from hookline.storage.task_reader import SqlTaskReader
from submissions import BODY, CONVERSATION, LANE, Sender

NO_TASK = "00000000-0000-7000-8000-000000000000"


class Archive:
    """A database with something to read in it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.sender = Sender()
        self.store = SqlIngestStore(database, Caps())
        self.log = SqlLogSource(database)
        self.insights = Insights(
            SqlTaskReader(database),
            SqlDeliveryReader(database),
            self.log,
            self.sender.clock,
            self.sender.new_id,
        )

    async def keep(self, *batch: Submission) -> Sequence[Verdict]:
        return (await self.store.commit(batch)).verdicts

    async def note(self, *notes: Note) -> None:
        await self.store.record(notes)

    async def keep_many(self, count: int, **changes: object) -> list[Submission]:
        batch = [self.sender.asks(f"k{self.sender.new_id()}", **changes) for _ in range(count)]
        await self.keep(*batch)
        return batch


@pytest.fixture
def archive(database: Database) -> Archive:
    return Archive(database)


async def test_pages_of_tasks_are_newest_first_and_complete(archive: Archive) -> None:
    kept = await archive.keep_many(5)
    seen, cursor = [], None
    for size in (2, 2, 1):
        page = await archive.insights.tasks(TaskFilter(), cursor, 2)
        assert len(page.items) == size
        seen += [task.id for task in page.items]
        cursor = page.next
    assert seen == [submission.task_id for submission in reversed(kept)]
    assert cursor is None


async def test_a_full_last_page_has_no_next(archive: Archive) -> None:
    await archive.keep_many(2)
    assert (await archive.insights.tasks(TaskFilter(), None, 2)).next is None


@pytest.mark.parametrize(
    ("condition", "count"),
    [
        (TaskFilter(), 3),
        (TaskFilter(states=frozenset({TaskState.QUEUED})), 2),
        (TaskFilter(states=frozenset({TaskState.QUEUED, TaskState.CANCELLED})), 3),
        (TaskFilter(states=frozenset({TaskState.DEAD})), 0),
        (TaskFilter(lane=LANE), 2),
        (TaskFilter(lane="github:octo/other"), 1),
        (TaskFilter(conversation=CONVERSATION), 2),
        (TaskFilter(provider="github"), 3),
        (TaskFilter(provider="jira"), 0),
        (TaskFilter(provider="github", lane=LANE, states=frozenset({TaskState.CANCELLED})), 1),
    ],
)
async def test_tasks_are_filtered(archive: Archive, condition: TaskFilter, count: int) -> None:
    await archive.keep_many(1)
    await archive.keep(archive.sender.cancels("c"))
    await archive.keep_many(1)
    await archive.keep_many(1, lane="github:octo/other", conversation="github:octo/other#1")
    assert len((await archive.insights.tasks(condition, None, 10)).items) == count


async def test_a_wrong_cursor_is_told(archive: Archive) -> None:
    with pytest.raises(NotFoundError, match="cursor"):
        await archive.insights.tasks(TaskFilter(), "x\0", 10)


async def test_a_task_has_its_facts_and_deliveries(archive: Archive) -> None:
    first, again = archive.sender.asks("k", text="the login test"), archive.sender.asks("k")
    await archive.keep(first)
    await archive.keep(again)
    await archive.keep(archive.sender.cancels("c"))
    detail = await archive.insights.task(first.task_id)
    assert (detail.task.id, detail.task.state) == (first.task_id, TaskState.CANCELLED)
    assert (detail.task.text, detail.task.accepted_at) == ("the login test", first.receipt.received_at)
    assert [fact.event for fact in detail.facts] == ["task.created", "task.cancelled"]
    assert [part.role for part in detail.deliveries] == ["origin", "duplicate", "control"]
    assert detail.deliveries[0].delivery.id == first.receipt.id


async def test_a_task_is_found_by_a_beginning_that_only_it_has(archive: Archive) -> None:
    early = archive.sender.asks("early")
    archive.sender.clock.advance(timedelta(days=1))
    late, later = archive.sender.asks("late"), archive.sender.asks("later")
    await archive.keep(early, late, later)
    assert (await archive.insights.task(early.task_id[:8])).task.id == early.task_id
    assert (await archive.insights.task(early.task_id[:13].upper())).task.id == early.task_id
    assert (await archive.insights.task(late.task_id)).task.id == late.task_id
    with pytest.raises(NotFoundError, match=f"several ids: {late.task_id}, {later.task_id}"):
        await archive.insights.task(late.task_id[:8])


@pytest.mark.parametrize("reference", ["", "0123456", "%", "g" * 36, "x' OR 1=1 --", "\0" * 8, NO_TASK])
async def test_what_is_not_there_is_not_found(archive: Archive, reference: str) -> None:
    await archive.keep_many(1)
    for search in (archive.insights.task, archive.insights.story, archive.insights.delivery):
        with pytest.raises(NotFoundError):
            await search(reference)


async def test_a_story_is_complete_before_any_file_is(archive: Archive) -> None:
    (submission,) = await archive.keep_many(1, title="Login fails")
    await archive.keep(archive.sender.cancels("c"))
    story = await archive.insights.story(submission.task_id)
    assert [line.seq for line in story] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert [line.event for line in story][-3:] == ["task.created", "task.queued", "task.cancelled"]
    assert story[0].data["remote"] == "203.0.113.7"
    assert story[1].data == {"size": len(BODY), "sha256": "0" * 64}
    assert (story[2].data["title"], story[2].data["actor_name"]) == ("Login fails", "octocat")
    assert story[3].data == {"status": "accepted", "rule": "mention", "detail": None}
    assert story[4].data == {"trigger": "mention", "text": "the login test"}
    assert story[5].data == {"verb": "fix", "text": "the login test", "band": 2, "rule": "mention"}
    assert all(line.task_id == submission.task_id for line in story)


async def test_a_revised_task_s_story_tells_the_first_words_and_the_new_ones(archive: Archive) -> None:
    await archive.keep(archive.sender.asks("k", text="the  login\n\x00test"))
    await archive.keep(edit := archive.sender.edits("k2", text="other words"))
    page = await archive.insights.tasks(TaskFilter(), None, 1)
    story = await archive.insights.story(page.items[0].id)
    assert story[4].data["text"] == story[5].data["text"] == "the login \ufffdtest"
    assert story[7].data == {"verb": "fix", "text": "other words", "band": 2, "rule": "mention"}
    assert story[-1].event == "task.revised"
    assert story[-1].delivery_id == edit.receipt.id


@pytest.mark.parametrize(
    ("condition", "count"),
    [
        (DeliveryFilter(), 3),
        (DeliveryFilter(status="ignored"), 1),
        (DeliveryFilter(status="duplicate", provider="github", lane=LANE), 1),
        (DeliveryFilter(lane="github:octo/quiet"), 1),
        (DeliveryFilter(provider="slack"), 0),
    ],
)
async def test_deliveries_are_filtered(archive: Archive, condition: DeliveryFilter, count: int) -> None:
    await archive.keep(archive.sender.asks("k"), archive.sender.asks("k"))
    await archive.note(archive.sender.ignored(lane="github:octo/quiet"))
    page = await archive.insights.deliveries(condition, None, 10)
    assert len(page.items) == count
    assert page.next is None


async def test_pages_of_deliveries_follow_each_other(archive: Archive) -> None:
    kept = await archive.keep_many(3)
    first = await archive.insights.deliveries(DeliveryFilter(), None, 2)
    second = await archive.insights.deliveries(DeliveryFilter(), first.next, 2)
    seen = [delivery.id for delivery in (*first.items, *second.items)]
    assert seen == [submission.receipt.id for submission in reversed(kept)]


async def test_an_ignored_delivery_tells_why(archive: Archive) -> None:
    await archive.note(note := archive.sender.ignored())
    detail = await archive.insights.delivery(note.receipt.id[:8])
    assert (detail.delivery.status, detail.delivery.reason) == ("ignored", "no_command")
    assert detail.delivery.detail == "no mention"
    assert detail.headers == {"x-github-event": "issue_comment"}
    assert detail.has_body


async def test_a_look_at_a_body_is_audited(archive: Archive) -> None:
    (submission,) = await archive.keep_many(1)
    assert await archive.insights.body_of(submission.receipt.id, "octocat") == BODY
    async with archive.database.read() as connection:
        columns = (AuditRow.action, AuditRow.target, AuditRow.data, AuditRow.at)
        entries = [tuple(row) for row in await connection.execute(select(*columns))]
    assert entries == [
        ("body.read", submission.receipt.id, '{"who":"octocat"}', archive.sender.clock.now),
    ]


async def test_a_body_that_grows_without_end_is_refused(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hookline.core.insights.BODY_LIMIT", 1000)
    for size, is_fine in ((1000, True), (1001, False)):
        submission = archive.sender.asks(f"k{size}")
        body = ZstdCompressor().compress(b"0" * size)
        await archive.keep(
            replace(submission, receipt=replace(submission.receipt, body=body, is_compressed=True))
        )
        if is_fine:
            assert len(await archive.insights.body_of(submission.receipt.id, "octocat")) == size
            continue
        with pytest.raises(NotFoundError, match="larger"):
            await archive.insights.body_of(submission.receipt.id, "octocat")


async def test_a_damaged_body_is_told(archive: Archive) -> None:
    submission = archive.sender.asks("k")
    await archive.keep(
        replace(submission, receipt=replace(submission.receipt, body=b"not zstd", is_compressed=True))
    )
    with pytest.raises(NotFoundError, match="damaged"):
        await archive.insights.raw_for_replay(submission.receipt.id)


async def test_a_replay_gets_what_was_received(archive: Archive) -> None:
    (submission,) = await archive.keep_many(1)
    raw = await archive.insights.raw_for_replay(submission.receipt.id)
    assert (raw.body, raw.headers) == (BODY, {"x-github-event": "issue_comment"})
    assert (raw.provider, raw.source, raw.remote) == ("github", "default", "203.0.113.7")
    assert raw.received_at == submission.receipt.received_at


async def test_health_knows_what_no_queue_was_told(archive: Archive) -> None:
    assert await archive.insights.count_unqueued() == 0
    assert await archive.insights.oldest_unqueued_age() == timedelta(0)
    first, _, told = await archive.keep_many(3)
    async with archive.database.write() as connection:
        await connection.execute(update(TaskRow).where(TaskRow.id == told.task_id).values(queue_epoch="e1"))
    archive.sender.clock.now = first.receipt.received_at + timedelta(seconds=9)
    assert await archive.insights.count_unqueued() == 2
    assert await archive.insights.oldest_unqueued_age() == timedelta(seconds=9)


async def test_facts_wait_for_the_log_until_they_are_marked(archive: Archive) -> None:
    first, second = await archive.keep_many(2)
    assert [task.id for task in await archive.log.unlogged(1)] == [first.task_id]
    await archive.log.mark_logged([(first.task_id, 1)])
    await archive.log.mark_logged([])
    (left,) = await archive.log.unlogged(10)
    assert (left.id, left.delivery_id) == (second.task_id, second.receipt.id)
    assert left.origin is not None
    assert left.origin.delivery is not None
    assert left.origin.delivery.id == second.receipt.id
    await archive.keep(archive.sender.cancels("c"))
    by_task = {task.id: task for task in await archive.log.unlogged(10)}
    assert [fact.seq for fact in by_task[first.task_id].facts] == [2]
    assert by_task[first.task_id].origin is None
    assert [fact.seq for fact in by_task[second.task_id].facts] == [1, 2]
