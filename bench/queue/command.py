"""The command `scripts/bench queue`."""

import argparse
import asyncio
import json
import statistics
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict

from bench.queue import contest, depths, latency
from bench.queue.contest import OF_NODE, OF_PYTHON, OURS, Result
from bench.queue.depths import MakeServer
from bench.verdict import end_unless
from server_process import TestServer
from servers import redis_binary, valkey_server

LEAST_RATIO = 0.8
MOST_COMMIT_MS = 10
MOST_CANCEL_MS = 500
PARTS = ("depths", "contest", "latency")


def redis_server() -> AbstractContextManager[TestServer]:
    """Redis itself, which has another allocator of memory than the embedded Valkey."""
    return valkey_server(binary=redis_binary())


SERVERS: Mapping[str, MakeServer] = {"valkey": valkey_server, "redis": redis_server}


def main(arguments: list[str]) -> None:
    """Measure, and print the result as JSON; ends with 1 where an aim is missed."""
    parser = argparse.ArgumentParser(prog="scripts/bench queue", description=__doc__)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument(
        "--waiting", nargs="+", type=int, default=[1_000, 100_000, 1_000_000], help="sizes of the queue"
    )
    parser.add_argument("--tasks", type=int, default=10_000, help="of each contestant")
    parser.add_argument("--batch", type=int, default=2_000, help="tasks of each round at each size")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--latencies", type=int, default=100, help="tasks whose way to a worker is timed")
    parser.add_argument(
        "--depths-on", choices=tuple(SERVERS), default="valkey", help="the server that depths fills"
    )
    options = parser.parse_args(arguments)
    told: dict = {}
    misses: list[str] = []
    if "depths" in options.parts:
        told["depths"] = asyncio.run(
            depths.compare(SERVERS[options.depths_on], options.waiting, options.batch, options.rounds)
        )
        misses += misses_of_depths(told["depths"])
    if "contest" in options.parts:
        results = hold_contest(options.tasks, options.rounds)
        told["contest"] = {name: asdict(result) for name, result in results.items()}
        misses += misses_of_contest(results)
    if "latency" in options.parts:
        told["latency"] = asyncio.run(latency.measure(options.latencies))
        misses += misses_of_latency(told["latency"])
    print(json.dumps(told | {"missed": misses}, indent=2))
    end_unless(not misses, "; ".join(misses))


def hold_contest(tasks: int, rounds: int) -> dict[str, Result]:
    """All in turn, so many times; tells the medians."""
    commands = contest.contestants()
    runs: dict[str, list[Result]] = {name: [] for name in commands}
    for number in range(rounds):
        for name, command in commands.items():
            result = contest.hold(command, tasks, valkey_server())
            runs[name].append(result)
            print(
                f"round {number + 1} of {rounds}   {name:<9} claim and ack {result.work.server_us:4.0f} µs "
                f"of the server, {result.work.rate:6.0f}/s   enqueue {result.enqueue.server_us:4.0f} µs, "
                f"{result.enqueue.rate:6.0f}/s",
                file=sys.stderr,
                flush=True,
            )
    return {name: Result(*(median(each) for each in parts(results))) for name, results in runs.items()}


def parts(results: Sequence[Result]) -> tuple[list[contest.Cost], list[contest.Cost]]:
    """The costs of enqueueing and of working off."""
    return [result.enqueue for result in results], [result.work for result in results]


def median(costs: Sequence[contest.Cost]) -> contest.Cost:
    """Both figures by themselves."""
    return contest.Cost(
        round(statistics.median(cost.server_us for cost in costs), 1),
        round(statistics.median(cost.rate for cost in costs), 1),
    )


def misses_of_depths(told: Sequence[dict]) -> list[str]:
    """The rates at the greatest size over those at the least."""
    least = min(told, key=lambda size: size["waiting"])["waiting"]
    most = max(told, key=lambda size: size["waiting"])
    return [
        f"{part.replace('_', ' ')} with {most['waiting']:,} waiting at {most[part]['ratio']:.2f} of the rate "
        f"with {least:,}, the aim is {LEAST_RATIO}"
        for part in ("enqueue", "claim_and_ack")
        if most[part]["ratio"] < LEAST_RATIO
    ]


def misses_of_contest(results: Mapping[str, Result]) -> list[str]:
    """The server's CPU beside BullMQ and half of the others, and twice the rate of the best Python one."""
    ours = results[OURS].work
    limits = {name: results[name].work.server_us / 2 for name in OF_PYTHON}
    if OF_NODE in results:
        limits[OF_NODE] = results[OF_NODE].work.server_us
    misses = [
        f"{ours.server_us:.0f} µs of the server for claim and ack, the aim beside {name} is {limit:.0f}"
        for name, limit in limits.items()
        if ours.server_us > limit
    ]
    best = max(results[name].work.rate for name in OF_PYTHON)
    if ours.rate < 2 * best:
        misses.append(f"{ours.rate:.0f} tasks a second, the aim is {2 * best:.0f}")
    return misses


def misses_of_latency(told: Mapping[str, Mapping[str, float]]) -> list[str]:
    """The median from commit to claim, and the longest from cancel to worker."""
    limits = {
        ("commit_to_claim", "median_ms"): MOST_COMMIT_MS,
        ("cancel_to_worker", "p99_ms"): MOST_CANCEL_MS,
    }
    return [
        f"{name.replace('_', ' ')} takes {told[name][figure]} ms, the aim is {limit}"
        for (name, figure), limit in limits.items()
        if told[name][figure] > limit
    ]
