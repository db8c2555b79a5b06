"""The hand-over to the queue: never waited for, bounded, and an absent queue loses nothing that counts."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from hookline.core import queue_feed
from hookline.core.queue_feed import QueueFeed
from hookline.domain.command import Band
from hookline.domain.errors import QueueUnavailableError
from hookline.domain.ids import TaskId
from hookline.domain.queue import Changed, QueuedTask, QueueEpoch
from submissions import NOW, uuid7

EPOCH = QueueEpoch("epoch")


@dataclass
class Line:
    """A queue that writes down what it is asked, and may be away."""

    is_away: bool = False
    asked: list[tuple[str, list[str]]] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def _note(self, what: str, task_ids: list[str]) -> None:
        self.asked.append((what, task_ids))
        self.news.set()
        if self.is_away:
            raise QueueUnavailableError("away")

    async def enqueue(self, tasks: Sequence[QueuedTask], /) -> Sequence[QueueEpoch]:
        self._note("enqueue", [task.task_id for task in tasks])
        return [EPOCH] * len(tasks)

    async def remove(self, task_ids: Sequence[TaskId], /) -> int:
        self._note("remove", list(task_ids))
        return len(task_ids)

    async def call_off(self, task_ids: Sequence[TaskId], /) -> None:
        self._note("call_off", list(task_ids))


@dataclass
class Marks:
    """Remembers what the queue is said to hold."""

    marked: list[str] = field(default_factory=list)
    wanted: list[QueuedTask] = field(default_factory=list)

    async def as_queued(self, task_ids: Sequence[TaskId], /) -> Sequence[QueuedTask]:
        return [task for task in self.wanted if task.task_id in task_ids]

    async def mark(self, task_ids: Sequence[TaskId], epoch: QueueEpoch, /) -> None:
        assert epoch == EPOCH
        self.marked += task_ids


def task(number: int) -> QueuedTask:
    return QueuedTask(TaskId(uuid7(NOW, number)), Band.NORMAL, "lane", "", NOW)


async def test_what_must_leave_leaves_before_what_comes() -> None:
    line, marks = Line(), Marks()
    feed = QueueFeed(line, marks)
    feed.take(Changed([task(1)], [task(1).task_id, task(2).task_id]))
    await feed.stop()
    assert line.asked == [("remove", [task(1).task_id, task(2).task_id]), ("enqueue", [task(1).task_id])]
    assert marks.marked == [task(1).task_id]


async def test_what_is_cancelled_before_it_was_pushed_is_not_pushed() -> None:
    line, marks = Line(), Marks()
    feed = QueueFeed(line, marks)
    feed.take(Changed([task(1), task(2)], []))
    feed.take(Changed([], [task(1).task_id]))
    await feed.stop()
    assert line.asked == [("remove", [task(1).task_id]), ("enqueue", [task(2).task_id])]


async def test_what_came_back_is_not_removed_late() -> None:
    rested = asyncio.Event()

    async def rest(_seconds: float) -> None:
        line.is_away = False
        rested.set()

    line, marks = Line(is_away=True), Marks(wanted=[task(1)])
    feed = QueueFeed(line, marks, rest)
    feed.start()
    feed.take(Changed([], [task(1).task_id, task(2).task_id]))
    await rested.wait()
    await feed.stop()
    assert line.asked[-1] == ("remove", [task(2).task_id])


async def test_where_many_come_the_next_ones_gather() -> None:
    rested, go_on = asyncio.Event(), asyncio.Event()

    async def rest(seconds: float) -> None:
        if seconds == queue_feed.GATHER_SECONDS:
            rested.set()
            await go_on.wait()
        else:
            await asyncio.Event().wait()

    line, marks = Line(), Marks()
    feed = QueueFeed(line, marks, rest)
    feed.start()
    many = [task(number) for number in range(queue_feed.PRESSED_PUSH)]
    feed.take(Changed(many, []))
    await rested.wait()
    for number in (100, 101):
        feed.take(Changed([task(number)], []))
    line.news.clear()
    go_on.set()
    await line.news.wait()
    assert [len(task_ids) for _, task_ids in line.asked] == [len(many), 2]
    await feed.stop()


async def test_it_pushes_by_itself() -> None:
    line, marks = Line(), Marks()
    feed = QueueFeed(line, marks)
    feed.start()
    feed.take(Changed([task(1), task(2)], []))
    await line.news.wait()
    await feed.stop()
    assert line.asked == [("enqueue", [task(1).task_id, task(2).task_id])]
    assert marks.marked == [task(1).task_id, task(2).task_id]


async def test_nothing_is_marked_that_the_queue_did_not_take() -> None:
    line, marks = Line(is_away=True), Marks()
    feed = QueueFeed(line, marks)
    feed.take(Changed([task(1)], []))
    await feed.stop()
    assert marks.marked == []


async def test_a_removal_is_tried_again() -> None:
    line = Line(is_away=True)
    feed = QueueFeed(line, Marks())
    feed.start()
    feed.take(Changed([], [task(1).task_id]))
    await line.news.wait()
    line.is_away = False
    await feed.stop()
    assert line.asked[-1] == ("remove", [task(1).task_id])


async def test_a_cancel_is_told_again_without_anything_new() -> None:
    rested = asyncio.Event()

    async def rest(seconds: float) -> None:
        assert seconds == queue_feed.AGAIN_SECONDS
        line.is_away = False
        line.news.clear()
        rested.set()

    line = Line(is_away=True)
    feed = QueueFeed(line, Marks(), rest)
    feed.start()
    feed.take(Changed([], [], [task(1).task_id]))
    await rested.wait()
    await line.news.wait()
    assert line.asked == [("call_off", [task(1).task_id])] * 2
    await feed.stop()
    assert len(line.asked) == 2


async def test_beyond_the_bound_tasks_are_left_to_the_relay() -> None:
    line = Line()
    feed = QueueFeed(line, Marks())
    for number in range(queue_feed.WAITING_LIMIT + 5):
        feed.take(Changed([task(number)], []))
    await feed.stop()
    pushed = [task_id for what, task_ids in line.asked for task_id in task_ids if what == "enqueue"]
    assert len(pushed) == queue_feed.WAITING_LIMIT
    assert max(len(task_ids) for _, task_ids in line.asked) == queue_feed.PUSH_AT_ONCE
