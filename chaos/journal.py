"""What a worker did and heard, a line of JSON for each, appended by one write so that a kill tears none.

Workers are killed, never the machine: what was written is there, so no line waits for the disk.
"""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

CLAIMED = "claimed"
BEATING = "beating"
HELD = "held"
ENDING = "ending"
ENDED = "ended"
LOST = "lost"
REFUSED = "refused"
FAULTY = "faulty"


@dataclass(frozen=True)
class Entry:
    """One line; `life` is of one process of a worker, `mark` what it wrote into the result.

    `how` is the ending that was asked for, `state` that of the task by the answer; `told` are the texts of
    the follow-ups that came with a claim.
    """

    at: float
    worker: str
    life: str
    event: str
    task: str = ""
    fence: int = 0
    conversation: str = ""
    how: str = ""
    mark: str = ""
    state: str = ""
    told: Sequence[str] = ()


class Journal:
    """The journal of one worker; its next process goes on in the same file."""

    def __init__(self, path: Path) -> None:
        """Open it."""
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def write(self, entry: Entry) -> None:
        """Append a line."""
        line = json.dumps({name: value for name, value in asdict(entry).items() if value})
        _ = os.write(self._file, f"{line}\n".encode())


def read_journals(folder: Path) -> list[Entry]:
    """The lines of all workers, in the order of their times."""
    entries = [entry for path in folder.glob("*.jsonl") for entry in _read(path)]
    return sorted(entries, key=lambda entry: entry.at)


def _read(path: Path) -> Iterator[Entry]:
    for line in path.read_text(encoding="utf-8").splitlines():
        yield Entry(**json.loads(line))
