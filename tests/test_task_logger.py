"""Task logs: complete, in order, nothing twice, whatever crashes in between."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, timedelta, timezone
from pathlib import Path

import pytest
from pydantic import ValidationError
from structlog.testing import capture_logs

from hookline.core.log_lines import LogLine, encode, line_number, project
from hookline.core.task_log_files import LONGEST_TAIL_BYTES
from hookline.core.task_logger import Projected
from hookline.domain.errors import StorageUnavailableError
from hookline.domain.ids import TaskId
from submissions import NOW
from task_log_desk import NO_REST, Desk, story, task_id


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "task-logs")


def test_a_line_has_exactly_its_fields_and_microseconds() -> None:
    line = json.loads(encode(next(project(story(1, 1)))))
    assert list(line) == ["v", "seq", "at", "event", "task_id", "delivery_id", "fence", "data"]
    assert line["at"] == "2026-03-01T12:00:00.000000Z"
    assert line["v"] == 1
    with pytest.raises(ValidationError):
        LogLine.model_validate_json(json.dumps({**line, "more": 1}))


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=5, minutes=30))])
def test_a_line_reads_back_as_it_was(zone: timezone) -> None:
    at = (NOW + timedelta(microseconds=1)).astimezone(zone)
    line = LogLine(
        seq=1, at=at, event="task.created", task_id="t", delivery_id=None, fence=2, data={"a": [1]}
    )
    assert LogLine.model_validate_json(encode(line)) == line


def test_the_delivery_s_lines_come_first() -> None:
    events = [line.event for line in project(story(1, 2))]
    assert events == [
        "delivery.received",
        "delivery.verified",
        "delivery.parsed",
        "delivery.decided",
        "command.extracted",
        "task.created",
        "task.queued",
        "task.changed_2",
    ]
    assert [line.seq for line in project(story(1, 2))] == list(range(1, 9))


def test_a_later_fact_keeps_its_number() -> None:
    assert [line.seq for line in project(story(1, 2, first=4))] == [
        line_number(4),
        line_number(5),
    ]


async def test_a_task_s_file_is_in_the_folder_of_its_id_s_end(desk: Desk) -> None:
    desk.source.tell(story(0xAB, 1))
    assert await desk.logger.project_once() == Projected(written=1)
    assert desk.files.path_of(task_id(0xAB)) == desk.folder / "ab" / f"{task_id(0xAB)}.jsonl"
    assert [line.seq for line in desk.lines(0xAB)] == [1, 2, 3, 4, 5, 6, 7]
    assert desk.source.logged == {(task_id(0xAB), 1)}


@pytest.mark.parametrize("bad", ["../../etc/passwd", "", "a" * 36, str(task_id(1)).upper() + "\n", "/tmp/x"])
async def test_no_id_escapes_the_folder(desk: Desk, bad: str) -> None:
    with pytest.raises(ValueError, match="not a UUID"):
        desk.files.path_of(TaskId(bad))
    desk.source.tell(replace(story(1, 1), id=TaskId(bad)), story(2, 1))
    assert await desk.logger.project_once() == Projected(written=1, failed=1)


async def test_later_facts_are_appended(desk: Desk) -> None:
    desk.source.tell(story(1, 1))
    await desk.logger.project_once()
    desk.source.tell(story(1, 3))
    await desk.logger.project_once()
    assert [line.seq for line in desk.lines(1)] == list(range(1, 10))
    assert await desk.logger.project_once() == Projected()


async def test_a_crash_before_the_mark_doubles_nothing(desk: Desk) -> None:
    desk.source.tell(story(1, 2))
    await desk.logger.project_once()
    desk.source.logged.clear()
    desk.source.tell(story(1, 3))
    assert await desk.another_logger().project_once() == Projected(written=1)
    assert [line.seq for line in desk.lines(1)] == list(range(1, 10))
    assert len(desk.source.logged) == 3


@pytest.mark.parametrize("kept", [0, 1, 100, 1000, -1])
async def test_a_torn_last_line_is_written_again(desk: Desk, kept: int) -> None:
    desk.source.tell(story(1, 2))
    await desk.logger.project_once()
    path = desk.files.path_of(task_id(1))
    whole = path.read_bytes()
    path.write_bytes(whole[:kept])
    desk.source.logged.clear()
    await desk.another_logger().project_once()
    assert path.read_bytes() == whole


async def test_zeros_after_a_power_failure_are_repaired(desk: Desk) -> None:
    desk.source.tell(story(1, 2))
    await desk.logger.project_once()
    path = desk.files.path_of(task_id(1))
    whole = path.read_bytes()
    path.write_bytes(whole[:-400] + b"\0" * 399 + b"\n")
    desk.source.tell(story(1, 3))
    await desk.another_logger().project_once()
    assert path.read_bytes().startswith(whole)
    assert [line.seq for line in desk.lines(1)] == list(range(1, 10))


async def test_a_lost_file_is_filled_from_the_database(desk: Desk) -> None:
    desk.source.tell(story(1, 2))
    await desk.logger.project_once()
    desk.files.path_of(task_id(1)).unlink()
    desk.source.tell(story(1, 3))
    assert await desk.logger.project_once() == Projected(written=1)
    assert [line.seq for line in desk.lines(1)] == list(range(1, 10))


async def test_a_file_of_another_making_is_put_beside(desk: Desk) -> None:
    path = desk.files.path_of(task_id(1))
    path.parent.mkdir(parents=True)
    path.write_bytes(b"x" * (LONGEST_TAIL_BYTES + 1))
    desk.source.tell(story(1, 1))
    assert await desk.logger.project_once() == Projected(written=1)
    assert [line.seq for line in desk.lines(1)] == [1, 2, 3, 4, 5, 6, 7]
    assert path.with_suffix(".damaged").stat().st_size == LONGEST_TAIL_BYTES + 1


async def test_lines_of_another_task_do_not_count(desk: Desk) -> None:
    desk.source.tell(story(1, 1))
    await desk.logger.project_once()
    path = desk.files.path_of(task_id(2))
    path.parent.mkdir()
    path.write_bytes(desk.files.path_of(task_id(1)).read_bytes())
    desk.source.tell(story(2, 1))
    await desk.logger.project_once()
    assert [line.task_id for line in desk.lines(2)] == [task_id(2)] * 7


async def test_a_long_line_is_found_behind_the_first_look(desk: Desk) -> None:
    long = story(1, 2)
    long.facts[1].data["text"] = "é" * 200_000
    desk.source.tell(long)
    await desk.logger.project_once()
    desk.source.tell(replace(long, facts=[*long.facts, story(1, 1, first=3).facts[0]]))
    await desk.logger.project_once()
    assert [line.seq for line in desk.lines(1)] == list(range(1, 10))


async def test_missing_facts_are_told_and_left_unlogged(desk: Desk) -> None:
    desk.source.tell(story(1, 1, first=3))
    with capture_logs() as logs:
        assert await desk.logger.project_once() == Projected(failed=1)
    assert logs[0]["why"] == "facts of its story are missing"
    assert not desk.source.logged


async def test_one_unwritable_file_keeps_nobody_else_waiting(desk: Desk) -> None:
    desk.source.tell(story(1, 1), story(2, 1))
    desk.files.path_of(task_id(1)).mkdir(parents=True)
    with capture_logs() as logs:
        assert await desk.logger.project_once() == Projected(written=1, failed=1)
    assert (logs[0]["event"], logs[0]["task_id"]) == ("task_log.unwritable", task_id(1))
    desk.source.tell(story(3, 1))
    assert await desk.logger.project_once() == Projected(written=1)
    desk.files.path_of(task_id(1)).rmdir()
    desk.clock.advance(desk.pace.aside)
    assert await desk.logger.project_once() == Projected(written=1)
    assert len(desk.lines(1)) == 7


async def test_an_unwritable_folder_is_retried_until_it_is_writable(desk: Desk) -> None:
    desk.folder.write_text("a file where a folder should be")
    desk.source.tell(story(1, 1))
    with capture_logs() as logs:
        desk.logger.start()
        await desk.source.asked.get()
        await desk.source.asked.get()
        desk.folder.unlink()
        await desk.source.marked.wait()
        await desk.logger.stop()
    assert [log["event"] for log in logs] == ["task_log.unwritable", "task_log.recovered"]
    assert len(desk.lines(1)) == 7


async def test_a_silent_database_is_asked_again(desk: Desk) -> None:
    desk.source.tell(story(1, 1))
    desk.source.failures = [StorageUnavailableError("gone"), StorageUnavailableError("gone")]
    with capture_logs() as logs:
        desk.logger.start()
        await desk.source.marked.wait()
        await desk.logger.stop()
    assert [log["event"] for log in logs] == ["task_log.failed", "task_log.recovered"]


async def test_a_nudge_wakes_it_before_the_poll(tmp_path: Path) -> None:
    desk = Desk(tmp_path, pace=replace(NO_REST, poll=timedelta(hours=1)))
    desk.logger.start()
    await desk.source.asked.get()
    desk.source.tell(story(1, 1))
    desk.logger.nudge()
    await desk.source.marked.wait()
    await desk.logger.stop()
    assert len(desk.lines(1)) == 7


async def test_it_gives_way_to_intake(tmp_path: Path) -> None:
    desk = Desk(tmp_path, is_busy=True, pace=replace(NO_REST, busy_batch=2, poll=timedelta(hours=1)))
    desk.source.tell(*(story(number, 1) for number in range(1, 6)))
    desk.logger.start()
    await desk.source.marked.wait()
    desk.logger.nudge()
    for _ in range(100):
        await asyncio.sleep(0)
    await desk.logger.stop()
    assert desk.source.limits == [2]
    assert len(desk.source.logged) == 2


async def test_without_the_duty_nothing_is_written(desk: Desk) -> None:
    desk.has_duty = False
    desk.source.tell(story(1, 1))
    assert await desk.logger.project_once() == Projected()
    assert not desk.folder.exists()


async def test_stopping_without_a_start_is_no_error(desk: Desk) -> None:
    await desk.logger.stop()
