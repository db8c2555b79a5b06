"""Runs wrk, a well-kept HTTP load generator, over prepared requests."""

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

SCRIPT = Path(__file__).with_name("requests.lua")
MISSING = (
    "the load generator wrk is missing; install it (Debian: apt-get install wrk, macOS: brew install wrk)"
)
_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}


@dataclass(frozen=True)
class Measured:
    """One run: accepted requests per second, and latencies in milliseconds."""

    rate: float
    p50: float
    p99: float


def find_wrk() -> str:
    """The program, or an end with a sentence on how to get it."""
    found = shutil.which("wrk")
    if found is None:
        sys.exit(MISSING)
    return found


def run_wrk(
    port: int, requests: Path, length: int, connections: int, seconds: int, *, may_repeat: bool
) -> Measured:
    """Send the requests of a file over so many connections, each once unless they may be repeated."""
    command = [find_wrk(), "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", str(SCRIPT)]
    url = f"http://127.0.0.1:{port}/webhooks/github"
    done = subprocess.run(
        [*command, url, "--", str(requests), str(length), "again" if may_repeat else "once"],
        capture_output=True,
        text=True,
        check=True,
    )
    if "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        sys.exit(f"some requests were not accepted:\n{done.stdout}")
    return Measured(
        float(_one(r"Requests/sec:\s+([\d.]+)", done.stdout)),
        _milliseconds("50%", done.stdout),
        _milliseconds("99%", done.stdout),
    )


def _milliseconds(percentile: str, text: str) -> float:
    value, unit = re.search(rf"^\s+{percentile}\s+([\d.]+)(us|ms|s|m)$", text, re.MULTILINE).groups()
    return float(value) * _UNITS[unit]


def _one(pattern: str, text: str) -> str:
    return re.search(pattern, text).group(1)
