"""Gateway processes forked from one that has imported everything: a start costs a fifth of its time.

For tests that start a gateway over and over, and look at something else than how it begins.
"""

import ctypes
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection
from pathlib import Path

_FORKING = multiprocessing.get_context("forkserver")
_FORKING.set_forkserver_preload(["hookline.cli", "hookline.console.gateway", "hookline.admin"])
_PR_SET_PDEATHSIG = 1


class ForkedProcess:
    """What tests use of `subprocess.Popen`, for a process that was forked; its output goes into a pipe."""

    def __init__(self, words: Sequence[str], environment: Mapping[str, str], folder: Path) -> None:
        reader, writer = _FORKING.Pipe(duplex=False)
        self._process = _FORKING.Process(target=_run, args=(words, dict(environment), folder, writer))
        self._process.start()
        writer.close()
        with reader:
            self.stdout = os.fdopen(os.dup(reader.fileno()), "rb")

    @property
    def pid(self) -> int:
        pid = self._process.pid
        assert pid is not None
        return pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("a forked gateway", timeout or 0)
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def _run(words: Sequence[str], environment: Mapping[str, str], folder: Path, output: Connection) -> None:
    """Become a gateway, as if this process had begun with these words."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    for descriptor in (1, 2):
        os.dup2(output.fileno(), descriptor)
    output.close()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["hookline", *words]
    sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w", buffering=1)
    from hookline.cli import main

    main()
