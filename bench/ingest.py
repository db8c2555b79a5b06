"""`scripts/bench ingest`: the rate of durable acceptance over the rate of a bare app that checks the HMAC."""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path

from bench.wrk import Measured, find_wrk, run_wrk
from gateways import gateway
from load import request_bytes
from ports import free_port
from servers import postgres_server, valkey_server
from signed_webhooks import padded_comment

FIRST_NUMBER = 10**9
HIGHEST_RATE = 8_000
MEMORY = Path("/dev/shm")
_ROOM = 1.2
BY_DEFAULT = ("fsync=on", "shared_buffers=128MB")


def write_requests(path: Path, first: int, count: int, size: int) -> int:
    """Prepare so many unlike webhooks, and wait until a disk has them; tells the length of each.

    Otherwise the first commits of the gateway under test would wait for this file.
    """
    length = 0
    with path.open("wb") as file:
        for number in range(first, first + count):
            request = request_bytes(padded_comment(number, size))
            length = length or len(request)
            assert len(request) == length
            file.write(request)
        file.flush()
        os.fsync(file.fileno())
    return length


@contextmanager
def requests_file(folder: Path, size: int) -> Iterator[Path]:
    """A place for so many bytes of requests: in memory where there is room, since disks are the gateway's."""
    has_room = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > size * _ROOM
    with tempfile.TemporaryDirectory(prefix="hookline-bench-", dir=MEMORY if has_room else folder) as name:
        yield Path(name) / "requests.bin"


@contextmanager
def bare_server() -> Iterator[int]:
    """The yardstick in a process of its own."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.bare_app", str(port)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("ready:")
        yield port
    finally:
        process.kill()
        process.wait()


@contextmanager
def hookline_server(database: str, home: Path) -> Iterator[int]:
    """A gateway on one database, with one server worker."""
    with ExitStack() as stack:
        settings = {}
        if database == "postgresql":
            server = stack.enter_context(postgres_server(*BY_DEFAULT))
            valkey = stack.enter_context(valkey_server())
            settings = {"database_url": server.create_database(), "redis_url": valkey.url}
            upgrade(settings["database_url"])
        yield stack.enter_context(gateway(home, **settings)).port


def upgrade(url: str) -> None:
    """Migrate a database."""
    import asyncio

    from hookline.storage.database import open_database
    from hookline.storage.schema import upgrade as migrate

    async def run() -> None:
        database = open_database(url)
        await migrate(database)
        await database.close()

    asyncio.run(run())


def compare(database: str, options: argparse.Namespace, folder: Path) -> dict:
    """Alternate both servers; tells the median of the ratios of neighbouring runs."""
    rounds: list[tuple[Measured, Measured]] = []
    count = options.seconds * HIGHEST_RATE
    with (
        requests_file(folder, count * options.size) as requests,
        bare_server() as bare,
        hookline_server(database, folder / database) as full,
    ):
        for number in range(options.rounds + 1):
            length = write_requests(requests, FIRST_NUMBER + number * count, count, options.size)
            once = run_wrk(bare, requests, length, options.connections, 2, may_repeat=True)
            durably = run_wrk(full, requests, length, options.connections, options.seconds, may_repeat=False)
            if number > 0:
                rounds.append((once, durably))
                show(database, once, durably)
    ratios = [full.rate / bare.rate for bare, full in rounds]
    return {
        "database": database,
        "ratio": round(statistics.median(ratios), 3),
        "ratios": [round(ratio, 3) for ratio in ratios],
        "bare": asdict(median(bare for bare, _ in rounds)),
        "hookline": asdict(median(full for _, full in rounds)),
    }


def median(runs: Iterator[Measured]) -> Measured:
    """The run with the median rate."""
    ordered = sorted(runs, key=lambda run: run.rate)
    return ordered[len(ordered) // 2]


def show(database: str, bare: Measured, full: Measured) -> None:
    """One line for people."""
    print(
        f"{database:<11} ratio {full.rate / bare.rate:.3f}   hookline {full.rate:7.0f}/s "
        f"p50 {full.p50:6.1f} ms p99 {full.p99:6.1f} ms   bare {bare.rate:7.0f}/s "
        f"p50 {bare.p50:6.1f} ms p99 {bare.p99:6.1f} ms",
        file=sys.stderr,
        flush=True,
    )


def main(arguments: list[str]) -> None:
    """Measure, and print the result as JSON."""
    parser = argparse.ArgumentParser(prog="scripts/bench ingest", description=__doc__)
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--seconds", type=int, default=5, help="of each run of the gateway")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--size", type=int, default=15_000, help="bytes of a body")
    options = parser.parse_args(arguments)
    _ = find_wrk()
    databases = ("sqlite", "postgresql") if options.database == "both" else (options.database,)
    with tempfile.TemporaryDirectory(prefix="hookline-bench-") as name:
        results = [compare(database, options, Path(name)) for database in databases]
    print(
        json.dumps({"connections": options.connections, "size": options.size, "results": results}, indent=2)
    )
