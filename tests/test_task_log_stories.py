"""The task's file and its story from the database are the same lines, on both databases."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from contracts.storage_contract import NO_CAPS, Books
from hookline.core.insights import Insights
from hookline.core.log_lines import LogLine
from hookline.core.task_log_files import TaskLogFiles
from hookline.core.task_logger import Projected, TaskLogger
from hookline.domain.ids import TaskId
from hookline.storage.database import Database
from hookline.storage.delivery_reader import SqlDeliveryReader
from hookline.storage.ingest import SqlIngestStore
from hookline.storage.log_source import SqlLogSource
from hookline.storage.models import TaskEventRow, TaskRow
from hookline.storage.retention import SqlRetention
from hookline.storage.task_reader import SqlTaskReader


class Archive:
    """A database, its task logs, and who reads and writes them."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.books = Books(database, SqlIngestStore(database, NO_CAPS))
        self.sender = self.books.sender
        source = SqlLogSource(database)
        readers = (SqlTaskReader(database), SqlDeliveryReader(database))
        self.insights = Insights(*readers, source, self.sender.clock, self.sender.new_id)
        self.files = TaskLogFiles(folder)

        async def holds_duty() -> bool:
            return True

        self.logger = TaskLogger(source, self.files, holds_duty, lambda: False, self.sender.clock)

    def lines(self, task_id: TaskId) -> Sequence[LogLine]:
        text = self.files.path_of(task_id).read_text()
        return [LogLine.model_validate_json(line) for line in text.splitlines()]


@pytest.fixture
def archive(database: Database, tmp_path: Path) -> Archive:
    return Archive(database, tmp_path / "task-logs")


async def test_the_file_is_the_story(archive: Archive) -> None:
    first, second = archive.sender.asks("k1"), archive.sender.asks("k2", origin="github:octo/app:comment/18")
    await archive.books.commit(first, second)
    assert await archive.logger.project_once() == Projected(written=2)
    await archive.books.commit(archive.sender.edits("k3", text="other words"), archive.sender.cancels("c"))
    assert await archive.logger.project_once() == Projected(written=2)
    assert await archive.logger.project_once() == Projected()
    assert archive.lines(second.task_id) == await archive.insights.story(second.task_id)
    assert [line.event for line in archive.lines(first.task_id)][5:] == [
        "task.created",
        "task.queued",
        "task.revised",
        "task.cancelled",
    ]
    assert {logged for (logged,) in await archive.books.rows(TaskEventRow.logged)} == {1}


async def test_a_crash_before_the_mark_changes_no_file(archive: Archive) -> None:
    await archive.books.commit(asked := archive.sender.asks("k"), archive.sender.cancels("c"))
    await archive.logger.project_once()
    before = archive.lines(asked.task_id)
    async with archive.books.database.write() as connection:
        await connection.execute(update(TaskEventRow).values(logged=0))
    assert await archive.logger.project_once() == Projected(written=1)
    assert archive.lines(asked.task_id) == before == await archive.insights.story(asked.task_id)


async def test_a_lost_folder_comes_back_with_the_next_fact(archive: Archive, tmp_path: Path) -> None:
    await archive.books.commit(asked := archive.sender.asks("k"))
    await archive.logger.project_once()
    archive.files.folder.rename(tmp_path / "moved")
    await archive.books.commit(archive.sender.cancels("c"))
    assert await archive.logger.project_once() == Projected(written=1)
    assert archive.lines(asked.task_id) == await archive.insights.story(asked.task_id)
    assert len(archive.lines(asked.task_id)) == 8


async def test_a_pruned_delivery_leaves_the_numbers_as_they_were(archive: Archive) -> None:
    await archive.books.commit(early := archive.sender.asks("k1"), late := archive.sender.asks("k2"))
    await archive.books.change(early, state="succeeded")
    await archive.books.change(late, state="succeeded")
    retention = SqlRetention(archive.books.database, rest=timedelta(0))
    year = timedelta(days=365)
    await retention.prune(archive.sender.clock() + year, year / 2, year / 2, year)
    assert await archive.logger.project_once() == Projected(written=2)
    for asked in (early, late):
        lines = archive.lines(asked.task_id)
        assert [line.seq for line in lines] == [1, 2, 3, 4, 5, 6, 7]
        assert lines[0].data == {"provider": "github", "source": "default", "pruned": True}
        assert lines == await archive.insights.story(asked.task_id)
    assert await archive.books.rows(TaskRow.id) == [(early.task_id,), (late.task_id,)]
