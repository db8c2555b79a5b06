"""`scripts/bench faults`: the rate of acceptance without Redis over the rate with it, on SQLite."""

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path

from bench.ingest import FIRST_NUMBER, HIGHEST_RATE, requests_file, write_requests
from bench.verdict import end_unless
from bench.wrk import Measured, find_wrk, run_wrk
from gateways import gateway
from server_process import TestServer
from servers import valkey_server

LEAST_RATIO = 0.9
FAULTS = {"frozen": (TestServer.freeze, TestServer.thaw), "killed": (TestServer.kill, TestServer.start)}


def compare(fault: str, options: argparse.Namespace, folder: Path) -> dict:
    """Put each run without Redis between two with it, since a database slows down as it grows."""
    breaks, mends = FAULTS[fault]
    count = options.seconds * HIGHEST_RATE
    ratios: list[float] = []
    with (
        requests_file(folder, count * options.size) as requests,
        valkey_server() as valkey,
        gateway(folder / fault, redis_url=valkey.url) as running,
    ):

        def measure(number: int) -> Measured:
            length = write_requests(requests, FIRST_NUMBER + number * count, count, options.size)
            return run_wrk(
                running.port, requests, length, options.connections, options.seconds, may_repeat=False
            )

        _ = measure(0)
        before = measure(1)
        for number in range(2, 2 * options.rounds + 2, 2):
            breaks(valkey)
            without = measure(number)
            mends(valkey)
            after = measure(number + 1)
            ratios.append(2 * without.rate / (before.rate + after.rate))
            rates = f"with {before.rate:.0f}/s and {after.rate:.0f}/s   without {without.rate:.0f}/s"
            print(f"{fault:<7} ratio {ratios[-1]:.3f}   {rates}", file=sys.stderr, flush=True)
            before = after
    return {
        "fault": fault,
        "ratio": round(statistics.median(ratios), 3),
        "ratios": [round(ratio, 3) for ratio in ratios],
    }


def too_slow(results: list[dict]) -> str:
    """The faults under which the median rate fell too low."""
    return ", ".join(result["fault"] for result in results if result["ratio"] < LEAST_RATIO)


def main(arguments: list[str]) -> None:
    """Measure, and print the result as JSON."""
    parser = argparse.ArgumentParser(prog="scripts/bench faults", description=__doc__)
    parser.add_argument("--fault", choices=tuple(FAULTS), action="append", help="only this one")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--size", type=int, default=15_000, help="bytes of a body")
    options = parser.parse_args(arguments)
    _ = find_wrk()
    with tempfile.TemporaryDirectory(prefix="hookline-bench-") as name:
        results = [compare(fault, options, Path(name)) for fault in options.fault or FAULTS]
    print(json.dumps({"least": LEAST_RATIO, "results": results}, indent=2))
    end_unless(not (slow := too_slow(results)), f"below {LEAST_RATIO:g} of the rate with Redis: {slow}")
