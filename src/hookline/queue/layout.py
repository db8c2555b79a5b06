"""How the queue lies in Redis: partitions of one hash tag each, and a row for each task.

Every task of a lane is in the same partition. A partition's keys are declared to each script in this order:

- `tasks`: hash of what is known of each task, by id
- `ready`: sorted by name: lane, band and acceptance of what may run
- `heads`: lanes with something to run, by band and turn
- `oldest`: the same lanes by the acceptance of their first task, aged by band
- `idle`: lanes that had a turn and have nothing to run, until the others catch up
- `delayed`, `leases`: ids by when they become due or run out, in microseconds since 1970
- `conversations`: hash of who of a conversation is first
- `behind`, `lent`: sorted by name: those behind the first, by acceptance and by band
- `claims`: hash of what claims got that were not heard of since
- `depth`: hash of how many wait, by band and lane
- `control`: hash of the epoch, and of each lane's terms, running tasks and pause
"""

import re
from binascii import crc32
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hookline.domain.queue import EVERY_LANE, LaneTerms, QueuedTask, Terms

NAMES = (
    "tasks",
    "ready",
    "heads",
    "oldest",
    "idle",
    "delayed",
    "leases",
    "conversations",
    "behind",
    "lent",
    "claims",
    "depth",
    "control",
)
CHANNEL = "hookline:news"
PAUSES = "p[:*]*"
"""Matches the fields of `control` that are pauses."""

CALLED_OFF = "c"
MAY_CLAIM = "w"
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_CONTROLS = re.compile("[\x00-\x1f]")

Row = tuple[str, str, str, str, str, str, str, str, str]


@dataclass(frozen=True, slots=True)
class Partition:
    """The keys of one partition, all in one slot of a cluster."""

    keys: tuple[str, ...]

    @property
    def tasks(self) -> str:
        """The hash of tasks."""
        return self._key("tasks")

    @property
    def delayed(self) -> str:
        """The tasks that are not due yet."""
        return self._key("delayed")

    @property
    def claims(self) -> str:
        """The hash of claims that were not heard of since."""
        return self._key("claims")

    @property
    def depth(self) -> str:
        """The hash of how many wait."""
        return self._key("depth")

    @property
    def control(self) -> str:
        """The hash of the epoch and of lanes."""
        return self._key("control")

    def _key(self, name: str) -> str:
        return self.keys[NAMES.index(name)]


def partitions(count: int) -> Sequence[Partition]:
    """All partitions of an installation; their number is fixed when it is installed."""
    return [Partition(tuple(f"hookline:{{q{number}}}:{name}" for name in NAMES)) for number in range(count)]


def partition_of(lane: str, count: int) -> int:
    """Which partition a lane's tasks are in."""
    return crc32(plain(lane).encode()) % count


def plain(text: str) -> str:
    """A name without the control characters that separate the parts of a row."""
    return _CONTROLS.sub("\ufffd", text)


def scope_of(field: str) -> str:
    """What is paused by a field of `control`: the whole queue is a field without a colon."""
    return field.removeprefix("p:") if field.startswith("p:") else EVERY_LANE


def microseconds(moment: datetime) -> int:
    """A moment as microseconds since 1970."""
    return (moment - _BEGINNING) // _MICROSECOND


def moment(number: int) -> datetime:
    """The moment of so many microseconds since 1970."""
    return _BEGINNING + number * _MICROSECOND


def span(duration: timedelta) -> str:
    """A duration as microseconds."""
    return str(duration // _MICROSECOND)


def row_of(task: QueuedTask, terms: LaneTerms) -> Row:
    """What the script that takes tasks in reads of one."""
    return (
        task.task_id,
        str(task.band.value),
        f"{max(microseconds(task.accepted_at), 0):016d}",
        "0" if task.due_at is None else str(microseconds(task.due_at)),
        plain(task.lane),
        plain(task.conversation),
        _words(terms(task.lane)),
        "" if task.lease is None else plain(task.lease.claim_id),
        "0" if task.lease is None else str(microseconds(task.lease.ends_at)),
    )


def _words(terms: Terms) -> str:
    return f"{terms.weight:.6g} {terms.cap}"
