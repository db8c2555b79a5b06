"""A task logger over facts in memory, with everything around it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from hookline.core.log_lines import LogLine
from hookline.core.task_log_files import TaskLogFiles
from hookline.core.task_logger import LoggerPace, TaskLogger
from hookline.domain.errors import StorageUnavailableError
from hookline.domain.ids import DeliveryId, TaskId
from hookline.domain.log import LoggedTask, TaskOrigin
from hookline.domain.reading import StoredFact
from submissions import NOW, Clockwork, uuid7

NO_REST = LoggerPace(gather=timedelta(0), poll=timedelta(0), longest_rest=timedelta(0))
ORIGIN = TaskOrigin(NOW, "github", "default", "mention", "the login test", None)


def task_id(number: int) -> TaskId:
    return TaskId(uuid7(NOW, number))


def story(number: int, facts: int, first: int = 1) -> LoggedTask:
    delivery_id = DeliveryId(uuid7(NOW, 1000 + number))
    names = ["task.created", *(f"task.changed_{seq}" for seq in range(2, facts + first))]
    told = [
        StoredFact(seq, NOW + timedelta(seconds=seq), names[seq - 1], delivery_id, None, {"n": seq})
        for seq in range(first, first + facts)
    ]
    return LoggedTask(task_id(number), delivery_id, ORIGIN if first == 1 else None, told)


@dataclass
class MemoryLogSource:
    """Facts in memory; tells each time it is asked, and when facts are marked."""

    stories: dict[TaskId, LoggedTask] = field(default_factory=dict)
    logged: set[tuple[TaskId, int]] = field(default_factory=set)
    limits: list[int] = field(default_factory=list)
    asked: asyncio.Queue[int] = field(default_factory=asyncio.Queue)
    marked: asyncio.Event = field(default_factory=asyncio.Event)
    failures: list[StorageUnavailableError] = field(default_factory=list)

    def tell(self, *stories: LoggedTask) -> None:
        self.stories |= {told.id: told for told in stories}

    async def unlogged(self, limit: int, /) -> Sequence[LoggedTask]:
        self.limits.append(limit)
        self.asked.put_nowait(limit)
        if self.failures:
            raise self.failures.pop()
        left = [self._left(told) for told in self.stories.values()]
        return [told for told in left if told.facts][:limit]

    def _left(self, told: LoggedTask) -> LoggedTask:
        facts = [fact for fact in told.facts if (told.id, fact.seq) not in self.logged]
        is_fresh = bool(facts) and facts[0].seq == 1
        return replace(told, facts=facts, origin=told.origin if is_fresh else None)

    async def whole(self, task_id: TaskId, /) -> LoggedTask | None:
        return self.stories.get(task_id)

    async def mark_logged(self, facts: Sequence[tuple[TaskId, int]], /) -> None:
        self.logged |= set(facts)
        if facts:
            self.marked.set()


@dataclass
class Desk:
    """A logger with everything around it."""

    folder: Path
    source: MemoryLogSource = field(default_factory=MemoryLogSource)
    clock: Clockwork = field(default_factory=Clockwork)
    is_busy: bool = False
    has_duty: bool = True
    pace: LoggerPace = NO_REST

    def __post_init__(self) -> None:
        self.files = TaskLogFiles(self.folder)
        self.logger = self.another_logger()

    def another_logger(self) -> TaskLogger:
        async def holds_duty() -> bool:
            return self.has_duty

        return TaskLogger(self.source, self.files, holds_duty, lambda: self.is_busy, self.clock, self.pace)

    def lines(self, number: int) -> list[LogLine]:
        text = self.files.path_of(task_id(number)).read_text()
        return [LogLine.model_validate_json(line) for line in text.splitlines()]
