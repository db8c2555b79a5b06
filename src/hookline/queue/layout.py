"""How the queue lies in Redis: partitions of one hash tag each, and a row for each task.

Every task of a lane is in the same partition. A partition's keys are declared to each script in this order:

- `records`: hash of all that is known by name: tasks (`t:`); who of a conversation is first, and whether one
  may be behind it (`c:`); what claims got that were not heard of since (`k:`); of each lane its terms and
  pause (`l:`), how many tasks are in (`n:`), run (`r:`) and wait in each band (`w:`); where the turns of each
  band are (`v:`); the epoch, the server's run, and whether all is paused
- `lanes`: set of the lanes that have a record
- `runnable`: sorted by name: lane, band and acceptance of what may run
- `turns`: lanes with something to run, twice: by band and turn, and by the acceptance of their first task,
  aged by band; above them those that had a turn and have nothing to run, until the others catch up
- `moments`: ids by when they become due or their lease runs out, in microseconds since 1970
- `followers`: sorted by name: those behind the first of their conversation, by acceptance and by band
"""

import re
from binascii import crc32
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hookline.domain.queue import LaneTerms, QueuedTask, Terms

NAMES = ("records", "lanes", "runnable", "turns", "moments", "followers")
CHANNEL = "hookline:news"
CALLED_OFF = "c"
MAY_CLAIM = "w"
IS_ANYBODY_THERE = "?"
OF_TASKS = "t:"
OF_CLAIMS = "k:"
TURN = 8192
"""What a turn costs a lane of weight 1; whole numbers are exact and cheap as scores."""

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_CONTROLS = re.compile("[\x00-\x1f]")

Row = tuple[str, str, str, str, str, str, str, str, str]


@dataclass(frozen=True, slots=True)
class Partition:
    """The keys of one partition, all in one slot of a cluster."""

    keys: tuple[str, ...]

    @property
    def records(self) -> str:
        """The hash of all records."""
        return self.keys[0]

    @property
    def moments(self) -> str:
        """The tasks that are not due yet, and those that are leased."""
        return self.keys[NAMES.index("moments")]


def partitions(count: int) -> Sequence[Partition]:
    """All partitions of an installation; their number is fixed when it is installed."""
    return [Partition(tuple(f"hookline:{{q{number}}}:{name}" for name in NAMES)) for number in range(count)]


def partition_of(lane: str, count: int) -> int:
    """Which partition a lane's tasks are in."""
    return crc32(plain(lane).encode()) % count


def plain(text: str) -> str:
    """A name without the control characters that separate the parts of a row."""
    return _CONTROLS.sub("\ufffd", text)


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
    return f"{max(round(TURN / terms.weight), 1)} {terms.cap}"
