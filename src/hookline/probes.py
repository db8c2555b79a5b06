"""What `/health/ready` and `doctor` ask of the database, the queue and the log folder."""

import asyncio
import os
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from hookline.bootstrap import Gateway
from hookline.clock import utc_now
from hookline.domain.errors import QueueUnavailableError, StorageUnavailableError
from hookline.domain.health import Probe
from hookline.domain.queue import TaskQueue
from hookline.storage.database import Database
from hookline.storage.duties import SqlDuties
from hookline.storage.schema import REMEDIES, Standing, standing

_WRITING = "probe"


class DatabaseProbe:
    """The database has the schema of this version, and can be written: a file may be locked, a disk full.

    A newer one is no trouble: gateways that were started before an upgrade go on until their own.
    """

    name = "database"
    is_vital = True

    def __init__(self, database: Database) -> None:
        """Keep the database."""
        self._database = database

    async def trouble(self) -> str | None:
        """What is wrong, in words."""
        try:
            if await standing(self._database) is Standing.OLDER:
                return REMEDIES[Standing.OLDER]
        except StorageUnavailableError as error:
            return f"does not answer ({error})"
        try:
            _ = await SqlDuties(self._database, utc_now).hold(_WRITING, _WRITING, timedelta(0))
        except StorageUnavailableError as error:
            return f"cannot be written ({error})"
        return None


class QueueProbe:
    """The queue's server answers."""

    name = "queue"
    is_vital = False

    def __init__(self, queue: TaskQueue) -> None:
        """Keep the queue."""
        self._queue = queue

    async def trouble(self) -> str | None:
        """What is wrong, in words."""
        try:
            _ = await self._queue.depth()
        except QueueUnavailableError as error:
            return f"{error}; tasks are kept in the database until it is back"
        return None


class FolderProbe:
    """The folder of the task logs can be written."""

    name = "task logs"
    is_vital = False

    def __init__(self, folder: Path) -> None:
        """Keep the folder."""
        self._folder = folder

    async def trouble(self) -> str | None:
        """What is wrong, in words."""
        is_writable = await asyncio.to_thread(os.access, self._folder, os.W_OK | os.X_OK)
        return None if is_writable else f"{self._folder} cannot be written"


def probes_of(gateway: Gateway) -> Sequence[Probe]:
    """Everything a gateway depends on."""
    return (
        DatabaseProbe(gateway.database),
        QueueProbe(gateway.queue),
        FolderProbe(gateway.settings.task_logs_dir),
    )
