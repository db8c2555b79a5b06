"""Opens the database: SQLite beside the process, or PostgreSQL by URL."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from sqlalchemy import URL, Connection, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, StaticPool

from hookline.domain.errors import ConfigurationError
from hookline.storage.driver_errors import translated_errors
from hookline.storage.transactors import Checkpointer, EngineTransactor, ThreadTransactor, Transactor
from hookline.storage.viewers import EngineViewer, ThreadViewer, Viewer

ResultT = TypeVar("ResultT")

SQLITE_BUSY_MILLISECONDS = 800
COMMITTERS_ON_POSTGRESQL = 2
_SPARE_CONNECTIONS = 4
_READERS = 4
CONNECT_SECONDS = 0.9
_POSTGRESQL_NAMES = frozenset({"postgresql", "postgres", "postgresql+asyncpg"})
_SQLITE_NAMES = frozenset({"sqlite", "sqlite+aiosqlite"})
MOST_WAL_PAGES = 32_768
_SQLITE_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    f"PRAGMA busy_timeout={SQLITE_BUSY_MILLISECONDS}",
    "PRAGMA foreign_keys=ON",
    "PRAGMA cache_size=-32768",
    f"PRAGMA wal_autocheckpoint={MOST_WAL_PAGES}",
    "PRAGMA temp_store=MEMORY",
)


class _Cursor(Protocol):
    def execute(self, sql: str, /) -> None: ...
    def close(self) -> None: ...


class _DriverConnection(Protocol):
    def cursor(self) -> _Cursor: ...


@dataclass(frozen=True, slots=True)
class Database:
    """A writer and a reader engine; on PostgreSQL they are the same one.

    `committers` is how many transactions of intake may run at once; `turn` lets writers of this process
    take turns where the database knows only one.
    """

    url: URL
    writer: AsyncEngine
    reader: AsyncEngine
    transactor: Transactor
    viewer: Viewer
    committers: int
    turn: AbstractAsyncContextManager[None]

    @property
    def is_sqlite(self) -> bool:
        """Whether this is the embedded database."""
        return self.url.get_backend_name() == "sqlite"

    @property
    def place(self) -> str:
        """Where the database is, for people: never with a password."""
        return self.url.render_as_string(hide_password=True)

    @asynccontextmanager
    async def write(self) -> AsyncGenerator[AsyncConnection]:
        """One transaction that writes; driver errors leave it as errors of the domain.

        Raises:
            StorageUnavailableError: the database cannot be reached, or is busy for too long.
            UnstorableError: the database refused what was written.
        """
        with translated_errors():
            async with self.turn, self.writer.begin() as connection:
                yield connection

    async def transact(self, work: Callable[[Connection], ResultT]) -> ResultT:
        """Run one transaction that writes as a whole: on SQLite in one hop to the thread that writes.

        Raises:
            StorageUnavailableError: the database cannot be reached, or is busy for too long.
            UnstorableError: the database refused what was written.
        """
        with translated_errors():
            async with self.turn:
                return await self.transactor.run(work)

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[AsyncConnection]:
        """One consistent view for reading.

        Raises:
            StorageUnavailableError: the database cannot be reached.
        """
        with translated_errors():
            async with self.reader.connect() as connection:
                yield connection

    async def view(self, work: Callable[[Connection], ResultT]) -> ResultT:
        """Read one consistent view as a whole: on SQLite in one hop to a thread that reads.

        Raises:
            StorageUnavailableError: the database cannot be reached.
        """
        with translated_errors():
            return await self.viewer.run(work)

    async def close(self) -> None:
        """Close all connections."""
        await self.transactor.close()
        await self.viewer.close()
        await self.writer.dispose()
        if self.reader is not self.writer:
            await self.reader.dispose()


def open_database(url: str, connect_seconds: float = CONNECT_SECONDS) -> Database:
    """Open the database of a URL; nothing is connected yet.

    Args:
        url: `sqlite:///path` or `postgresql://…`.
        connect_seconds: how long a connection may take, and how long one is waited for.

    Raises:
        ConfigurationError: not such a URL.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise ConfigurationError(
            "DATABASE_URL is not a URL; expected sqlite:///path or postgresql://…"
        ) from None
    if parsed.drivername in _POSTGRESQL_NAMES:
        return _open_postgresql(parsed.set(drivername="postgresql+asyncpg"), connect_seconds)
    if parsed.drivername in _SQLITE_NAMES and parsed.database and parsed.database != ":memory:":
        return _open_sqlite(parsed.set(drivername="sqlite+aiosqlite"), connect_seconds)
    raise ConfigurationError(
        f"DATABASE_URL begins with {parsed.drivername}://; expected sqlite:///path or postgresql://…"
    )


def sqlite_url(path: Path) -> str:
    """The URL of a SQLite file."""
    return URL.create("sqlite", database=str(path)).render_as_string()


def _open_sqlite(url: URL, connect_seconds: float) -> Database:
    blocking, any_thread = url.set(drivername="sqlite"), {"isolation_level": None, "check_same_thread": False}
    own, beside = (
        create_engine(blocking, poolclass=StaticPool, hide_parameters=True, connect_args=any_thread)
        for _ in range(2)
    )
    views = create_engine(
        blocking, pool_size=_READERS, max_overflow=0, hide_parameters=True, connect_args=any_thread
    )
    writer = create_async_engine(
        url,
        pool_size=1,
        max_overflow=0,
        pool_timeout=connect_seconds,
        hide_parameters=True,
        connect_args={"isolation_level": None},
    )
    reader = create_async_engine(
        url, pool_size=_READERS, hide_parameters=True, connect_args={"isolation_level": None}
    )
    for engine in (own, beside, views, writer.sync_engine, reader.sync_engine):
        event.listen(engine, "connect", _prepare_sqlite)
    for engine in (own, writer.sync_engine):
        event.listen(engine, "begin", _begin_immediately)
    for engine in (views, reader.sync_engine):
        event.listen(engine, "begin", _begin)
    transactor = ThreadTransactor(own, Checkpointer(beside))
    viewer = ThreadViewer(views, _READERS)
    return Database(url, writer, reader, transactor, viewer, committers=1, turn=asyncio.Lock())


def _prepare_sqlite(connection: _DriverConnection, _entry: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    for pragma in _SQLITE_PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _begin_immediately(connection: Connection) -> None:
    _ = connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin(connection: Connection) -> None:
    _ = connection.exec_driver_sql("BEGIN")


def _open_postgresql(url: URL, connect_seconds: float) -> Database:
    engine = create_async_engine(
        url,
        pool_size=COMMITTERS_ON_POSTGRESQL + _SPARE_CONNECTIONS,
        max_overflow=0,
        pool_timeout=connect_seconds,
        pool_use_lifo=True,
        hide_parameters=True,
        isolation_level="READ COMMITTED",
        connect_args={
            "timeout": connect_seconds,
            "server_settings": {"application_name": "hookline"},
        },
    )
    transactor = EngineTransactor(engine)
    viewer = EngineViewer(engine)
    return Database(url, engine, engine, transactor, viewer, COMMITTERS_ON_POSTGRESQL, turn=nullcontext())
