"""Chooses a benchmark by name."""

import sys

from bench import faults, ingest, refill, start
from bench.queue import command as queue

BENCHMARKS = {
    "ingest": ingest.main,
    "faults": faults.main,
    "start": start.main,
    "queue": queue.main,
    "refill": refill.main,
}

if __name__ == "__main__":
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name not in BENCHMARKS:
        sys.exit(f"usage: scripts/bench {{{'|'.join(BENCHMARKS)}}} [options]; `--help` lists them")
    BENCHMARKS[name](sys.argv[2:])
