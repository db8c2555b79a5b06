"""A child process that ends when its parent does, even by SIGKILL.

Where `setpriv` (util-linux) can, the kernel sends SIGTERM when the starting thread ends, so a start from the
main thread is required. Elsewhere a shell waits for the end of a pipe that only the parent holds.
"""

import asyncio
import fcntl
import os
import shutil
import signal
import threading
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

_FIRST_FREE_DESCRIPTOR = 64
_LEASH = """
exec 3<&0 </dev/null
"$@" 3<&- >/dev/null 2>&1 &
child=$!
echo "$child"
(read -r _ <&3; kill -TERM "$child") >/dev/null 2>&1 &
watcher=$!
exec 3<&-
wait "$child"
code=$?
kill "$watcher" 2>/dev/null
wait "$watcher" 2>/dev/null
exit "$code"
"""


async def find_setpriv() -> str | None:
    """The path of a `setpriv` that knows `--pdeathsig`; busybox's does not."""
    path = shutil.which("setpriv")
    if path is None:
        return None
    words = [path, "--pdeathsig", "TERM", "true"]
    trial = await asyncio.create_subprocess_exec(*words, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL)
    return path if await trial.wait() == 0 else None


class LeashedProcess:
    """A running child and, where there is one, the shell that holds it."""

    def __init__(self, process: Process, pid: int) -> None:
        """Keep the direct child and the process id of the server itself."""
        self._process = process
        self.pid = pid

    @property
    def is_running(self) -> bool:
        """Whether it has not been seen to end."""
        return self._process.returncode is None

    async def wait(self) -> int:
        """Wait for its end; tells its exit code."""
        return await self._process.wait()

    async def end(self, patience: timedelta) -> None:
        """Ask it to end; make it, when it takes longer than `patience`."""
        self._signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(patience.total_seconds()):
                _ = await self._process.wait()
        except TimeoutError:
            self._signal(signal.SIGKILL)
            _ = await self._process.wait()

    def _signal(self, number: signal.Signals) -> None:
        if self.is_running:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)


async def start_on_leash(command: Sequence[str], lock: int, setpriv: str | None) -> LeashedProcess:
    """Start a server whose input and output are nothing.

    Args:
        command: the program and its words.
        lock: a descriptor that the child inherits, so that a lock on it lasts as long as the child.
        setpriv: what `find_setpriv` found.

    Raises:
        OSError: the program cannot be started.
    """
    inherited = fcntl.fcntl(lock, fcntl.F_DUPFD_CLOEXEC, _FIRST_FREE_DESCRIPTOR)
    try:
        if setpriv is not None and threading.current_thread() is threading.main_thread():
            words = [setpriv, "--pdeathsig", "TERM", *command]
            process = await asyncio.create_subprocess_exec(
                *words,
                stdin=DEVNULL,
                stdout=DEVNULL,
                stderr=DEVNULL,
                pass_fds=[inherited],
                start_new_session=True,
            )
            return LeashedProcess(process, process.pid)
        words = ["/bin/sh", "-c", _LEASH, "leash", *command]
        process = await asyncio.create_subprocess_exec(
            *words,
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            pass_fds=[inherited],
            start_new_session=True,
        )
        return LeashedProcess(process, await _announced_pid(process))
    finally:
        os.close(inherited)


async def _announced_pid(process: Process) -> int:
    line = await process.stdout.readline() if process.stdout is not None else b""
    if not line.strip().isdigit():
        raise OSError(0, "the shell did not start it")
    return int(line)
