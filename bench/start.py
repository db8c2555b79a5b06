"""`scripts/bench start`: seconds from the command `hookline serve` to `ready`, in fresh data folders."""

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from bench.verdict import end_unless
from gateways import Gateway
from signed_webhooks import SECRETS

AIM_SECONDS = 2.0


def first_start(home: Path) -> float:
    """Start the embedded default where nothing was before, with no secret set, and stop it again."""
    home.mkdir(mode=0o700)
    gateway = Gateway(home, extra=dict.fromkeys(SECRETS, ""))
    began = perf_counter()
    gateway.start()
    seconds = perf_counter() - began
    assert gateway.stop() == 0
    return seconds


def main(arguments: list[str]) -> None:
    """Measure, and print the result as JSON; the first run only warms up."""
    parser = argparse.ArgumentParser(prog="scripts/bench start", description=__doc__)
    parser.add_argument("--runs", type=int, default=10)
    options = parser.parse_args(arguments)
    runs: list[float] = []
    with tempfile.TemporaryDirectory(prefix="hookline-bench-") as name:
        for number in range(options.runs + 1):
            seconds = first_start(Path(name) / str(number))
            if number > 0:
                runs.append(seconds)
                print(f"start {number:>3}   {seconds:.2f} s", file=sys.stderr, flush=True)
    median = statistics.median(runs)
    result = {"aim": AIM_SECONDS, "median": median, "min": min(runs), "max": max(runs)}
    print(
        json.dumps({"runs": len(runs), **{key: round(value, 2) for key, value in result.items()}}, indent=2)
    )
    end_unless(median <= AIM_SECONDS, f"the median start took {median:.2f} s, the aim is {AIM_SECONDS:g} s")
