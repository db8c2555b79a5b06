"""Server processes that tests start, stop, kill, freeze and start again; they die with the test process."""

import os
import re
import select
import shutil
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress

import psutil

START_SECONDS = 30
SETPRIV = shutil.which("setpriv")


def dying_with_us(number: str, *options: str) -> list[str]:
    """The words before a command that make it end when this process ends, where the system can."""
    return [SETPRIV, f"--pdeathsig={number}", *options] if SETPRIV else []


class ServerFailedError(Exception):
    """A server ended before it was ready; the text is the end of its log."""


def wait_for_end(processes: Sequence[psutil.Process], seconds: float = START_SECONDS) -> bool:
    """Wait for processes that need not be our children; a zombie has ended. False: some still run."""
    if not hasattr(os, "pidfd_open"):
        return not psutil.wait_procs(processes, timeout=seconds)[1]
    return all(_has_ended(process.pid, seconds) for process in processes)


def _has_ended(pid: int, seconds: float) -> bool:
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        return bool(poll.poll(seconds * 1000))
    finally:
        os.close(handle)


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
        wait_for_end(family)
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
        self.end(self._polite)

    def kill(self) -> None:
        """End it with SIGKILL, with all its children."""
        self.end(signal.SIGKILL)

    def end(self, number: signal.Signals) -> None:
        """End it by this signal; no effect when it is not running."""
        process, self._process = self._process, None
        if process is not None:
            process.end(number)

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
