"""Real gateway processes for tests: started, killed, frozen, and asked about what they did."""

import asyncio
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil

import measuring
from forking import ForkedProcess
from hookline.embedded.valkey_folder import open_valkey_folder
from ports import free_port
from server_process import dying_with_us, wait_for_end
from signed_webhooks import SECRETS

START_SECONDS = 60
STOP_SECONDS = 60


GatewayProcess = subprocess.Popen[bytes] | ForkedProcess


class GatewayFailedError(Exception):
    """The process ended, or did not become ready."""


@dataclass
class Gateway:
    """One `hookline serve` on a home of its own; its coverage costs half of its speed."""

    home: Path
    database_url: str | None = None
    redis_url: str | None = None
    arguments: tuple[str, ...] = ()
    extra: Mapping[str, str] = field(default_factory=dict)
    is_measured: bool = False
    port: int = field(default_factory=free_port)
    admin_port: int = field(default_factory=free_port)
    is_forked: bool = False
    process: GatewayProcess | None = None
    output: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def admin_url(self) -> str:
        return f"http://127.0.0.1:{self.admin_port}"

    @property
    def resolved_database_url(self) -> str:
        return self.database_url or f"sqlite:///{self.home / 'hookline.db'}"

    @property
    def resolved_redis_url(self) -> str:
        if self.redis_url:
            return self.redis_url
        return open_valkey_folder(self.home).url

    @property
    def environment(self) -> dict[str, str]:
        left_out = ("HOOKLINE_", "DATABASE_", "REDIS_")
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(left_out)}
        given = {"DATABASE_URL": self.database_url, "REDIS_URL": self.redis_url}
        return {
            **inherited,
            **(measuring.variables() if self.is_measured else {}),
            "PYTHONFAULTHANDLER": "1",
            "HOOKLINE_HOME": str(self.home),
            "HOOKLINE_PORT": str(self.port),
            "HOOKLINE_ADMIN_PORT": str(self.admin_port),
            **{variable: secret.decode() for variable, secret in SECRETS.items()},
            **{k: v for k, v in given.items() if v is not None},
            **self.extra,
        }

    def start(self) -> "Gateway":
        """Start it and wait until it says that it is ready."""
        self.process = self._forked() if self.is_forked else self._begun()
        lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        threading.Thread(target=self._read, args=(self.process, lines), daemon=True).start()
        while (line := lines.get(timeout=START_SECONDS)) is not None:
            if line.startswith("ready:"):
                return self
        raise GatewayFailedError("".join(self.output[-20:]))

    def _begun(self) -> subprocess.Popen[bytes]:
        command = [*dying_with_us("KILL"), sys.executable, "-m", "hookline", "serve", *self.arguments]
        return subprocess.Popen(
            command,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=self.home.parent,
        )

    def _forked(self) -> ForkedProcess:
        return ForkedProcess(["serve", *self.arguments], self.environment, self.home.parent)

    def _read(self, process: GatewayProcess, lines: "queue.SimpleQueue[str | None]") -> None:
        assert process.stdout is not None
        with process.stdout:
            for raw in process.stdout:
                self.output.append(raw.decode("utf-8", "replace"))
                lines.put(self.output[-1])
        lines.put(None)

    @property
    def running(self) -> GatewayProcess:
        assert self.process is not None
        return self.process

    def kill(self) -> None:
        """SIGKILL, as a power cut would, and wait until its children are gone too."""
        children = psutil.Process(self.running.pid).children(recursive=True)
        self.running.kill()
        self.running.wait()
        assert wait_for_end(children, STOP_SECONDS)

    def stop(self) -> int:
        """SIGTERM, and the exit code; where it does not end, what each of its threads was doing."""
        self.running.send_signal(signal.SIGTERM)
        try:
            return self.running.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.running.send_signal(signal.SIGABRT)
            self.running.wait()
            raise GatewayFailedError("".join(self.output[-200:])) from None

    def memory(self) -> int:
        """Resident bytes of the process."""
        return psutil.Process(self.running.pid).memory_info().rss

    def fresh_peak_memory(self) -> int:
        """Resident bytes of the process, from which on the peak is measured again."""
        Path(f"/proc/{self.running.pid}/clear_refs").write_text("5")
        return self.memory()

    def peak_memory(self) -> int:
        """The most resident bytes the process ever had."""
        status = Path(f"/proc/{self.running.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a `hookline` command beside it."""
        return subprocess.run(
            [sys.executable, "-m", "hookline", *arguments],
            env=self.environment,
            cwd=self.home.parent,
            capture_output=True,
            text=True,
            timeout=STOP_SECONDS,
            check=False,
        )

    def metrics(self) -> dict[str, float]:
        """All metrics as one mapping from a sample's name and labels to its value."""
        text = httpx.get(f"{self.admin_url}/metrics").text
        samples = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
        return {name: float(value) for name, _, value in samples}


@contextmanager
def gateway(home: Path, **settings: object) -> Iterator[Gateway]:
    """A gateway that is ready; stopped at the end unless the test has ended it."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    running = Gateway(home, **settings).start()
    try:
        yield running
    finally:
        if running.process is not None and running.process.poll() is None:
            code = running.stop()
            assert code == 0, "".join(running.output[-30:])


def forked_gateway(home: Path, **settings: object) -> AbstractContextManager[Gateway]:
    """A gateway that is ready, for tests that are not about how it begins."""
    return gateway(home, is_forked=True, **settings)


async def eventually(is_so: Callable[[], Awaitable[bool]], seconds: float = 60.0) -> None:
    """Ask until the answer is yes; fails when that takes too long."""
    async with asyncio.timeout(seconds):
        while not await is_so():
            await _a_moment()


async def _a_moment() -> None:
    moment = asyncio.Event()
    asyncio.get_running_loop().call_later(0.02, moment.set)
    await moment.wait()
