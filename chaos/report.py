"""The progress line, and the report for people and for programs."""

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from chaos.client import Client
from chaos.evidence import Evidence
from chaos.faults import Storm

QUIET_SECONDS = 15.0
SHOWN = 5


def console() -> Console:
    """Where people read: what programs read goes to standard output."""
    return Console(stderr=True, highlight=False)


async def show_progress(screen: Console, storm: Storm, client: Client, seconds: float) -> None:
    """A line that changes where there is a terminal, a line now and then elsewhere; until cancelled."""
    began = time.monotonic()

    def line() -> Text:
        gone = time.monotonic() - began
        words = f"{gone:4.0f} of {seconds:.0f} s   {len(client.ledger.accepted)} accepted"
        return Text(f"{words}   {len(storm.happened)} faults, now: {storm.now}")

    if screen.is_terminal:
        with Live(line(), console=screen, get_renderable=line, refresh_per_second=4):
            _ = await asyncio.Event().wait()
    while True:
        await asyncio.sleep(QUIET_SECONDS)
        screen.print(line())


def as_json(seed: int, evidence: Evidence, found: Mapping[str, Sequence[str]]) -> dict:
    """The report for programs."""
    return {
        "seed": seed,
        "passed": not any(found.values()),
        "accepted": len(evidence.ledger.accepted),
        "tasks": dict(Counter(task.state for task in evidence.tasks)),
        "folded": len(evidence.folds),
        "attempts": dict(Counter(attempt.outcome or "open" for attempt in evidence.attempts)),
        "faults": dict(Counter(happened.kind for happened in evidence.happened)),
        "minimum": dict(evidence.minimum),
        "checks": {name: list(sentences) for name, sentences in found.items()},
    }


def write_rows(path: Path, evidence: Evidence) -> None:
    """Keep what the database held, and what the client was answered: the servers are gone afterwards."""
    rows = (
        *evidence.tasks,
        *evidence.attempts,
        *evidence.folds,
        *evidence.ledger.answers,
        *evidence.happened,
    )
    lines = (json.dumps({"kind": type(row).__name__, **asdict(row)}) for row in rows)
    _ = path.write_text("\n".join(lines), encoding="utf-8")


def show(screen: Console, report: dict) -> None:
    """The report for people."""
    table = Table("check", "found", title=f"seed {report['seed']}", title_justify="left")
    for name, sentences in report["checks"].items():
        table.add_row(name, Text("\n".join(sentences[:SHOWN]) if sentences else "holds"))
    screen.print(table)
    for title in ("tasks", "attempts", "faults"):
        counts = ", ".join(f"{count} {name}" for name, count in sorted(report[title].items()))
        screen.print(f"{title}: {counts}")
    screen.print(f"{report['folded']} of the cancelled tasks were folded into others")
    broken = sum(bool(sentences) for sentences in report["checks"].values())
    words = f"{broken} checks failed" if broken else "everything that was promised held"
    screen.print(f"{report['accepted']} accepted; {words}", style="red" if broken else "green")
    with suppress(OSError):
        sys.stderr.flush()
