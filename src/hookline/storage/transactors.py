"""Runs writing transactions as wholes, in the way each driver does it with the least ado."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Protocol, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

ResultT = TypeVar("ResultT")

CHECKPOINT_SECONDS = 0.5


class Transactor(Protocol):
    """Runs a function inside one writing transaction, and commits it."""

    async def run(self, work: Callable[[Connection], ResultT], /) -> ResultT:
        """Run it; what it raises rolls back."""
        ...

    async def close(self) -> None:
        """Close its connections."""
        ...


class Checkpointer:
    """Carries what SQLite has in its write-ahead log into the database, beside the transactions that follow.

    SQLite would do it within one of them; it still does where the log outgrows `wal_autocheckpoint`.
    """

    def __init__(self, engine: Engine) -> None:
        """Keep an engine of its own, whose connections begin no transaction."""
        self._engine = engine
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="checkpointer")
        self._next_at = 0.0

    def nudge(self) -> None:
        """Tell that something was written; never waits and never fails, not even once it is closed."""
        loop = asyncio.get_running_loop()
        if loop.time() >= self._next_at:
            self._next_at = loop.time() + CHECKPOINT_SECONDS
            with suppress(RuntimeError):
                _ = self._thread.submit(self._checkpoint)

    def _checkpoint(self) -> None:
        with suppress(SQLAlchemyError), self._engine.connect() as connection:
            _ = connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)")

    async def close(self) -> None:
        """Wait for what runs, and close."""
        await asyncio.to_thread(self._thread.shutdown)
        self._engine.dispose()


class ThreadTransactor:
    """Transactions of a database whose driver blocks: all of them in one thread, one hop each."""

    def __init__(self, engine: Engine, checkpointer: Checkpointer) -> None:
        """Keep the parts; the thread starts with the first transaction."""
        self._engine = engine
        self._checkpointer = checkpointer
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="writer")

    async def run(self, work: Callable[[Connection], ResultT], /) -> ResultT:
        """Run it in the thread."""
        result = await asyncio.get_running_loop().run_in_executor(self._thread, self._run, work)
        self._checkpointer.nudge()
        return result

    def _run(self, work: Callable[[Connection], ResultT]) -> ResultT:
        with self._engine.begin() as connection:
            return work(connection)

    async def close(self) -> None:
        """Wait for what runs, and close."""
        await asyncio.to_thread(self._thread.shutdown)
        await self._checkpointer.close()
        self._engine.dispose()


class EngineTransactor:
    """Transactions of a database whose driver does not block."""

    def __init__(self, engine: AsyncEngine) -> None:
        """Keep the engine."""
        self._engine = engine

    async def run(self, work: Callable[[Connection], ResultT], /) -> ResultT:
        """Run it on the loop."""
        async with self._engine.begin() as connection:
            return await connection.run_sync(work)

    async def close(self) -> None:
        """Nothing of its own to close."""
