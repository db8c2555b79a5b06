"""Reads one consistent view as a whole, in the way each driver does it with the least ado."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.ext.asyncio import AsyncEngine

ResultT = TypeVar("ResultT")


class Viewer(Protocol):
    """Runs a function that reads."""

    async def run(self, work: Callable[[Connection], ResultT], /) -> ResultT:
        """Run it."""
        ...

    async def close(self) -> None:
        """Close its connections."""
        ...


class ThreadViewer:
    """Views of a database whose driver blocks: each in one hop to a thread that has a connection."""

    def __init__(self, engine: Engine, threads: int) -> None:
        """Keep an engine of its own, with as many connections as there may be threads."""
        self._engine = engine
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="reader")

    async def run(self, work: Callable[[Connection], ResultT], /) -> ResultT:
        """Run it in one of the threads."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._run, work)

    def _run(self, work: Callable[[Connection], ResultT]) -> ResultT:
        with self._engine.connect() as connection:
            return work(connection)

    async def close(self) -> None:
        """Wait for what runs, and close."""
        await asyncio.to_thread(self._threads.shutdown)
        self._engine.dispose()


class EngineViewer:
    """Views of a database whose driver does not block."""

    def __init__(self, engine: AsyncEngine) -> None:
        """Keep the engine."""
        self._engine = engine

    async def run(self, work: Callable[[Connection], ResultT], /) -> ResultT:
        """Run it on the loop."""
        async with self._engine.connect() as connection:
            return await connection.run_sync(work)

    async def close(self) -> None:
        """Nothing of its own to close."""
