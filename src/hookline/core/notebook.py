"""Bounded write-behind for deliveries that change nothing; what does not fit is counted."""

import asyncio
from collections import deque
from contextlib import suppress
from dataclasses import dataclass

from hookline.core.background import Loop
from hookline.core.metrics import IntakeMetrics
from hookline.domain.errors import StorageUnavailableError, UnstorableError
from hookline.domain.intake import IngestStore, Note


@dataclass(frozen=True, slots=True)
class NotebookLimits:
    """Bounds of what may wait to be written; `pause_seconds` lets a batch gather."""

    notes: int = 10_000
    bytes: int = 32 * 1024 * 1024
    batch: int = 200
    pause_seconds: float = 0.1


class Notebook:
    """Writes notes in the background."""

    def __init__(
        self, store: IngestStore, metrics: IntakeMetrics, limits: NotebookLimits | None = None
    ) -> None:
        """Keep the parts; nothing runs before `start`."""
        self._store = store
        self._metrics = metrics
        self._limits = limits or NotebookLimits()
        self._notes: deque[Note] = deque()
        self._bytes = 0
        self._is_work = asyncio.Event()
        self._loop = Loop("notebook", self._write_next)

    def start(self) -> None:
        """Start writing on the running loop."""
        self._loop.start()

    async def stop(self) -> None:
        """Write what is there, as far as the database answers, and stop."""
        await self._loop.stop()
        with suppress(StorageUnavailableError):
            await self.flush()

    def add(self, note: Note) -> None:
        """Take a note if there is room; never waits."""
        size = len(note.receipt.body)
        if len(self._notes) >= self._limits.notes or self._bytes + size > self._limits.bytes:
            self._metrics.dropped(1)
            return
        self._notes.append(note)
        self._bytes += size
        self._is_work.set()

    async def flush(self) -> None:
        """Write everything that waits now.

        Raises:
            StorageUnavailableError: the database cannot be reached; what was not written is kept.
        """
        while self._notes:
            batch = [self._notes[at] for at in range(min(len(self._notes), self._limits.batch))]
            with suppress(UnstorableError):
                await self._write(batch)
            for note in batch:
                _ = self._notes.popleft()
                self._bytes -= len(note.receipt.body)

    async def _write(self, batch: list[Note]) -> None:
        try:
            await self._store.record(batch)
        except UnstorableError:
            if len(batch) == 1:
                self._metrics.dropped(1)
                raise
            for note in batch:
                with suppress(UnstorableError):
                    await self._write([note])

    async def _write_next(self) -> None:
        _ = await self._is_work.wait()
        self._is_work.clear()
        await asyncio.sleep(self._limits.pause_seconds)
        try:
            await self.flush()
        except StorageUnavailableError:
            self._is_work.set()
