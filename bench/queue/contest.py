"""The queue beside others: as many empty tasks on the same server, ten at a time in one process."""

import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path

from redis import Redis

from servers import TestServer

FOLDER = Path(__file__).parent / "contestants"
ROOT = FOLDER.parents[2]
ENVIRONMENT = ROOT / ".tools" / "bench-queues"
OURS = "hookline"
OF_NODE = "bullmq"
OF_PYTHON = ("streaq", "saq", "arq")
MICROSECONDS = 1_000_000
_LIMIT_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one task: microseconds of the server's CPU, and how many a second."""

    server_us: float
    rate: float


@dataclass(frozen=True, slots=True)
class Result:
    """How a contestant fared."""

    enqueue: Cost
    work: Cost


def contestants() -> Mapping[str, Sequence[str]]:
    """The commands of all that can take part here; installs the others once, and says which cannot."""
    python = _python()
    found = {OURS: [sys.executable, str(FOLDER / "run_hookline.py")]}
    found |= {name: [python, str(FOLDER / f"run_{name}.py")] for name in OF_PYTHON}
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        print("BullMQ takes no part: it needs node and npm on the PATH", file=sys.stderr)
        return found
    _ = subprocess.run([npm, "ci", "--silent"], cwd=FOLDER, check=True, stdout=sys.stderr)
    return found | {OF_NODE: [node, str(FOLDER / "run_bullmq.mjs")]}


def _python() -> str:
    """An environment of the others' own, since they need other versions of what we use."""
    python = ENVIRONMENT / "bin" / "python"
    uv = shutil.which("uv") or str(ROOT / ".tools" / "uv" / "bin" / "uv")
    if not python.exists():
        _ = subprocess.run([uv, "venv", "-q", "-p", sys.executable, str(ENVIRONMENT)], check=True)
    lock = FOLDER / "requirements.lock"
    words = [uv, "pip", "install", "-q", "--python", str(python), "--require-hashes", "-r", str(lock)]
    _ = subprocess.run(words, check=True)
    return str(python)


def hold(command: Sequence[str], count: int, server: AbstractContextManager[TestServer]) -> Result:
    """Let one enqueue and work off so many, on a server of its own."""
    with server as valkey, Redis.from_url(valkey.url) as redis:
        return Result(
            enqueue=_part(redis, command, "enqueue", valkey.url, count),
            work=_part(redis, command, "work", valkey.url, count),
        )


def _part(redis: Redis, command: Sequence[str], part: str, url: str, count: int) -> Cost:
    before = cpu_of(redis)
    done = subprocess.run(
        [*command, part, url, str(count)], capture_output=True, text=True, timeout=_LIMIT_SECONDS, check=False
    )
    with suppress(ValueError):
        seconds = float(done.stdout)
        return Cost((cpu_of(redis) - before) * MICROSECONDS / count, count / seconds)
    sys.exit(f"{command[-1]} did not {part}:\n{done.stderr[-2000:]}")


def cpu_of(redis: Redis) -> float:
    """Seconds that the server's own thread has worked so far."""
    told = redis.info("cpu")
    return told["used_cpu_user_main_thread"] + told["used_cpu_sys_main_thread"]
