"""`scripts/chaos`: ends with 0 where everything held, with 1 where not, with 2 where it cannot run."""

import argparse
import asyncio
import json
import os
import secrets
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import pytest

from chaos.report import as_json, console, show, write_rows
from chaos.storming import Plan, run
from chaos.town import Size, town
from chaos.verdict import judge
from queue_mutants import MUTANTS

LEASE_SECONDS = 4.0
CANNOT = 2


def options_of(arguments: list[str]) -> argparse.Namespace:
    """What is asked for."""
    parser = argparse.ArgumentParser(prog="scripts/chaos", description="Breaks things, and checks what held.")
    parser.add_argument("--minutes", type=float, default=2.0, help="how long faults happen; 0: only the exam")
    parser.add_argument("--seed", type=int, help="of the choices; made up and printed where not given")
    parser.add_argument("--rate", type=float, default=6.0, help="webhooks a second")
    parser.add_argument("--lease", type=float, default=LEASE_SECONDS, help="seconds")
    parser.add_argument("--gateways", type=int, default=1, help="beside each other, over one database")
    parser.add_argument("--partitions", type=int, default=1, help="of the queue")
    parser.add_argument(
        "--mutant", type=int, help="a seeded fault of the queue by its number; --mutants lists"
    )
    parser.add_argument("--mutants", action="store_true", help="list the seeded faults and end")
    parser.add_argument("--json", action="store_true", help="the report as JSON on standard output")
    parser.add_argument("--keep", action="store_true", help="keep journals and logs when it passed too")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Run it; tells the exit code."""
    options = options_of(arguments)
    if options.mutants:
        print("\n".join(f"{number:>3}  {mutant.fault}" for number, mutant in enumerate(MUTANTS)))
        return 0
    seed = secrets.randbelow(10**6) if options.seed is None else options.seed
    screen = console()
    words = f"gateways: {options.gateways}, partitions: {options.partitions}"
    screen.print(f"seed {seed}, {options.minutes:g} minutes, leases of {options.lease:g} s, {words}")
    os.environ.pop("HOOKLINE_TEST_DATABASE_URL", None)
    _ = signal.signal(signal.SIGTERM, signal.default_int_handler)
    folder = Path(tempfile.mkdtemp(prefix="hookline-chaos-"))
    try:
        size = Size(options.lease, options.gateways, options.partitions, options.mutant)
        with town(folder, seed, size) as made:
            evidence = asyncio.run(run(made, Plan(options.minutes, options.rate, seed), screen))
    except pytest.skip.Exception as why:
        screen.print(str(why))
        return CANNOT
    except KeyboardInterrupt:
        screen.print("interrupted; everything it started is ended")
        return 128 + signal.SIGINT
    told = as_json(seed, evidence, judge(evidence))
    show(screen, told)
    if options.json:
        print(json.dumps(told, indent=2))
    if told["passed"] and not options.keep:
        shutil.rmtree(folder, ignore_errors=True)
    else:
        write_rows(folder / "rows.jsonl", evidence)
        screen.print(f"journals, logs and rows: {folder}")
    return 0 if told["passed"] else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
