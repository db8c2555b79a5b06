"""What every task queue must do, whatever it is made of."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hookline.domain.command import Band
from hookline.domain.ids import TaskId
from hookline.domain.queue import QueuedTask, TaskQueue

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
AGE_BOUND = timedelta(minutes=10)


def queued(
    number: int, band: Band = Band.NORMAL, after: timedelta = timedelta(0), fence: int = 0
) -> QueuedTask:
    task_id = TaskId(f"01954f00-0000-7000-8000-{number:012x}")
    return QueuedTask(task_id, band, "github:octo/app", NOON + after, fence)


def ids(tasks: Sequence[QueuedTask]) -> list[TaskId]:
    return [task.task_id for task in tasks]


def place(task: QueuedTask) -> tuple[datetime, str]:
    since = task.accepted_at.replace(microsecond=task.accepted_at.microsecond // 1000 * 1000)
    return since + task.band.value * AGE_BOUND, task.task_id


random_tasks = st.builds(
    queued,
    number=st.integers(0, 60),
    band=st.sampled_from(Band),
    after=st.timedeltas(min_value=-timedelta(minutes=40), max_value=timedelta(minutes=40))
    | st.sampled_from([timedelta(0), AGE_BOUND, -AGE_BOUND, timedelta(microseconds=999)]),
)


class QueueContract(ABC):
    """Subclass it as `Test…` and say how to open an empty queue with the contract's age bound."""

    @abstractmethod
    def opened(self) -> AbstractAsyncContextManager[TaskQueue]:
        """An empty queue, closed at the end."""

    @abstractmethod
    async def wipe(self, queue: TaskQueue) -> None:
        """Take all of the server's data away."""

    @pytest.fixture
    async def queue(self) -> AsyncIterator[TaskQueue]:
        async with self.opened() as queue:
            yield queue

    async def test_an_empty_queue_names_every_band(self, queue: TaskQueue) -> None:
        assert await queue.depth() == dict.fromkeys(Band, 0)
        assert list(await queue.peek(10)) == []
        assert list(await queue.peek(0)) == []

    async def test_inside_a_band_it_is_first_in_first_out(self, queue: TaskQueue) -> None:
        tasks = [queued(number, after=timedelta(milliseconds=number)) for number in range(1, 30)]
        await queue.enqueue(tasks[::-1])
        assert list(await queue.peek(100)) == ids(tasks)
        assert list(await queue.peek(3)) == ids(tasks[:3])

    async def test_accepted_in_one_millisecond_they_go_by_id(self, queue: TaskQueue) -> None:
        tasks = [queued(number, after=timedelta(microseconds=100 * (9 - number))) for number in range(1, 9)]
        await queue.enqueue(tasks[::-1])
        assert list(await queue.peek(100)) == ids(tasks)

    async def test_a_better_band_overtakes_only_within_the_age_bound(self, queue: TaskQueue) -> None:
        old = queued(1, Band.NORMAL)
        just_within = queued(2, Band.HIGH, AGE_BOUND - timedelta(milliseconds=1))
        just_beyond = queued(3, Band.HIGH, AGE_BOUND + timedelta(milliseconds=1))
        critical = queued(4, Band.CRITICAL, 2 * AGE_BOUND - timedelta(milliseconds=1))
        await queue.enqueue([just_beyond, old, critical, just_within])
        assert list(await queue.peek(9)) == ids([just_within, critical, old, just_beyond])

    async def test_the_same_task_twice_is_one_task(self, queue: TaskQueue) -> None:
        first, second = queued(1), queued(2, after=timedelta(seconds=1))
        await queue.enqueue([first, second, first])
        await queue.enqueue([second, first])
        assert list(await queue.peek(9)) == ids([first, second])
        assert (await queue.depth())[Band.NORMAL] == 2

    async def test_a_task_that_is_in_keeps_its_place_and_band(self, queue: TaskQueue) -> None:
        first, second = queued(1), queued(2, after=timedelta(seconds=1))
        await queue.enqueue([first, second])
        await queue.enqueue([queued(1, Band.LOW, timedelta(hours=1), fence=3)])
        assert list(await queue.peek(9)) == ids([first, second])
        assert await queue.depth() == {**dict.fromkeys(Band, 0), Band.NORMAL: 2}

    async def test_removing_tells_how_many_were_in(self, queue: TaskQueue) -> None:
        tasks = [queued(number, Band(number % 4)) for number in range(8)]
        await queue.enqueue(tasks)
        assert await queue.remove([*ids(tasks[:3]), TaskId("unknown"), tasks[0].task_id]) == 3
        assert await queue.remove(ids(tasks[:3])) == 0
        assert await queue.remove([]) == 0
        assert set(await queue.peek(99)) == set(ids(tasks[3:]))
        assert sum((await queue.depth()).values()) == 5

    async def test_a_removed_task_may_come_back_elsewhere(self, queue: TaskQueue) -> None:
        await queue.enqueue([queued(1), queued(2)])
        await queue.remove([queued(1).task_id])
        await queue.enqueue([queued(1, Band.LOW)])
        assert list(await queue.peek(9)) == ids([queued(2), queued(1)])
        assert await queue.depth() == {**dict.fromkeys(Band, 0), Band.NORMAL: 1, Band.LOW: 1}

    async def test_more_than_one_batch_is_taken_whole(self, queue: TaskQueue) -> None:
        tasks = [queued(number, Band(number % 4)) for number in range(2_300)]
        await queue.enqueue(tasks)
        assert await queue.depth() == dict.fromkeys(Band, 575)
        assert list(await queue.peek(5_000)) == ids(sorted(tasks, key=place))
        assert await queue.remove(ids(tasks)) == 2_300
        assert await queue.depth() == dict.fromkeys(Band, 0)

    async def test_concurrent_pushes_of_the_same_tasks_are_one(self, queue: TaskQueue) -> None:
        tasks = [queued(number) for number in range(50)]
        epochs = await asyncio.gather(*(queue.enqueue(tasks[start:]) for start in range(20)))
        assert len(set(epochs)) == 1
        assert list(await queue.peek(99)) == ids(tasks)
        assert (await queue.depth())[Band.NORMAL] == 50

    async def test_the_epoch_stays_while_the_data_does(self, queue: TaskQueue) -> None:
        before = await queue.epoch()
        assert await queue.enqueue([]) == before
        assert await queue.enqueue([queued(1)]) == before
        await queue.remove([queued(1).task_id])
        assert await queue.epoch() == before

    async def test_a_wipe_begins_another_epoch(self, queue: TaskQueue) -> None:
        before = await queue.enqueue([queued(1)])
        await self.wipe(queue)
        after = await queue.enqueue([queued(2)])
        assert after != before
        assert await queue.epoch() == after
        assert list(await queue.peek(9)) == ids([queued(2)])
        await self.wipe(queue)
        assert await queue.epoch() not in {before, after}

    @settings(max_examples=30)
    @given(data=st.data())
    def test_any_history_leaves_the_right_order(self, data: st.DataObject) -> None:
        asyncio.run(self._check_history(data))

    async def _check_history(self, data: st.DataObject) -> None:
        expected: dict[TaskId, QueuedTask] = {}
        async with self.opened() as queue:
            for _ in range(data.draw(st.integers(1, 6))):
                added = data.draw(st.lists(random_tasks, max_size=12))
                await queue.enqueue(added)
                for task in added:
                    expected.setdefault(task.task_id, task)
                gone = data.draw(st.lists(st.sampled_from([TaskId("unknown"), *expected]), max_size=8))
                assert await queue.remove(gone) == len(set(gone) & set(expected))
                for task_id in gone:
                    expected.pop(task_id, None)
            assert list(await queue.peek(99)) == ids(sorted(expected.values(), key=place))
            depth = await queue.depth()
        bands = [task.band for task in expected.values()]
        assert depth == {band: bands.count(band) for band in Band}
