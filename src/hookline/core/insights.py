"""The one read service: for the command line, the page, the API and tools."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

from zstandard import ZstdDecompressor, ZstdError

from hookline.core.log_lines import LogLine, project
from hookline.domain.errors import NotFoundError
from hookline.domain.ids import Clock, DeliveryId, NewId, TaskId
from hookline.domain.log import LogSource
from hookline.domain.reading import (
    SHORTEST_PREFIX,
    AuditEntry,
    DeliveryDetail,
    DeliveryFilter,
    DeliveryReader,
    DeliverySummary,
    Page,
    RawDelivery,
    TaskDetail,
    TaskFilter,
    TaskReader,
    TaskSummary,
)
from hookline.domain.source import MEBIBYTE

PAGE_LIMIT = 200
BODY_LIMIT = 100 * MEBIBYTE
_NAMED = 4
_FULL_ID = 36
_PREFIX = re.compile(rf"[0-9a-f-]{{{SHORTEST_PREFIX},{_FULL_ID}}}")

ItemT = TypeVar("ItemT", TaskSummary, DeliverySummary)
IdT = TypeVar("IdT", TaskId, DeliveryId)


class Insights:
    """Answers questions about tasks and deliveries; every method raises `StorageUnavailableError`."""

    def __init__(
        self, tasks: TaskReader, deliveries: DeliveryReader, log: LogSource, clock: Clock, new_id: NewId
    ) -> None:
        """Keep the ports; `clock` and `new_id` are for audit entries."""
        self._tasks = tasks
        self._deliveries = deliveries
        self._log = log
        self._clock = clock
        self._new_id = new_id

    async def tasks(self, condition: TaskFilter, cursor: str | None, limit: int) -> Page[TaskSummary]:
        """Tasks, newest first.

        Raises:
            NotFoundError: the cursor is not one that a page gave.
        """
        size = _page_size(limit)
        before = None if cursor is None else TaskId(_cursor(cursor))
        return _page(await self._tasks.tasks(condition, before, size + 1), size)

    async def task(self, reference: str) -> TaskDetail:
        """One task.

        Args:
            reference: its id, or so much of the id's beginning that no other has it.

        Raises:
            NotFoundError: there is none, or there are several; names them.
        """
        task_id = await self._task_id(reference)
        detail = await self._tasks.task(task_id)
        if detail is None:
            raise NotFoundError(f"there is no task {task_id}")
        return detail

    async def story(self, reference: str) -> Sequence[LogLine]:
        """All lines of a task's log, complete even where its file lags; finds it as `task` does."""
        whole = await self._log.whole(await self._task_id(reference))
        return [] if whole is None else list(project(whole))

    async def deliveries(
        self, condition: DeliveryFilter, cursor: str | None, limit: int
    ) -> Page[DeliverySummary]:
        """Deliveries, newest first.

        Raises:
            NotFoundError: the cursor is not one that a page gave.
        """
        size = _page_size(limit)
        before = None if cursor is None else DeliveryId(_cursor(cursor))
        return _page(await self._deliveries.deliveries(condition, before, size + 1), size)

    async def delivery(self, reference: str) -> DeliveryDetail:
        """One delivery without its body, found by its id or so much of its beginning.

        Raises:
            NotFoundError: there is none, or there are several; names them.
        """
        delivery_id = await self._delivery_id(reference)
        detail = await self._deliveries.delivery(delivery_id)
        if detail is None:
            raise NotFoundError(f"there is no delivery {delivery_id}")
        return detail

    async def body_of(self, reference: str, who: str) -> bytes:
        """The body of a delivery, redacted as it was stored; that `who` looked at it is audited.

        Raises:
            NotFoundError: there is no such delivery, or its body is no longer kept.
        """
        delivery_id = await self._delivery_id(reference)
        entry = AuditEntry(self._new_id(), self._clock(), "body.read", delivery_id, {"who": who})
        body = await self._deliveries.audited_body(delivery_id, entry)
        if body is None:
            raise NotFoundError(f"the body of delivery {delivery_id} is no longer kept")
        return await asyncio.to_thread(_decompressed, delivery_id, body)

    async def raw_for_replay(self, reference: str) -> RawDelivery:
        """A delivery as it can be decided anew, its body decompressed.

        Raises:
            NotFoundError: there is no such delivery, or its body is no longer kept.
        """
        delivery_id = await self._delivery_id(reference)
        raw = await self._deliveries.raw(delivery_id)
        if raw is None:
            raise NotFoundError(f"the body of delivery {delivery_id} is no longer kept")
        body = await asyncio.to_thread(_decompressed, delivery_id, raw.body)
        return replace(raw, body=body)

    async def count_unqueued(self) -> int:
        """How many tasks could run and have not been brought to any queue."""
        return (await self._tasks.unqueued()).count

    async def oldest_unqueued_age(self) -> timedelta:
        """For how long the oldest of them has waited; nothing where there is none."""
        oldest = (await self._tasks.unqueued()).oldest_accepted_at
        return timedelta(0) if oldest is None else self._clock() - oldest

    async def _task_id(self, reference: str) -> TaskId:
        prefix = _prefix("task", reference)
        found = await self._tasks.task_ids(prefix, _NAMED)
        if not found and await self._deliveries.delivery_ids(prefix, 1):
            raise NotFoundError(f"{prefix} is a delivery, no task; its task is told with the delivery")
        return _the_one("task", prefix, found)

    async def _delivery_id(self, reference: str) -> DeliveryId:
        prefix = _prefix("delivery", reference)
        found = await self._deliveries.delivery_ids(prefix, _NAMED)
        if not found and await self._tasks.task_ids(prefix, 1):
            raise NotFoundError(f"{prefix} is a task, no delivery; its deliveries are told with the task")
        return _the_one("delivery", prefix, found)


def _page_size(limit: int) -> int:
    return min(max(limit, 1), PAGE_LIMIT)


def _page(found: Sequence[ItemT], size: int) -> Page[ItemT]:
    items = found[:size]
    return Page(items, items[-1].id if len(found) > size else None)


def _cursor(text: str) -> str:
    if len(text) != _FULL_ID or not _PREFIX.fullmatch(text):
        raise NotFoundError("there is no such page: the cursor is not one that a page gave")
    return text


def _prefix(kind: str, reference: str) -> str:
    prefix = reference.strip().lower()
    if not _PREFIX.fullmatch(prefix):
        raise NotFoundError(
            f"there is no such {kind}: expected its id, or at least {SHORTEST_PREFIX} of its first digits"
        )
    return prefix


def _the_one(kind: str, prefix: str, found: Sequence[IdT]) -> IdT:
    match found:
        case []:
            raise NotFoundError(f"there is no {kind} {prefix}")
        case [only]:
            return only
        case _:
            names = ", ".join(found[: _NAMED - 1]) + (", …" if len(found) == _NAMED else "")
            raise NotFoundError(f"{prefix} is the beginning of several ids: {names}; give more of it")


def _decompressed(delivery_id: DeliveryId, body: bytes) -> bytes:
    try:
        with ZstdDecompressor().stream_reader(body) as reader:
            content = reader.read(BODY_LIMIT + 1)
    except ZstdError:
        raise NotFoundError(f"the stored body of delivery {delivery_id} is damaged") from None
    if len(content) > BODY_LIMIT:
        raise NotFoundError(f"the body of delivery {delivery_id} is larger than any that is accepted")
    return content
