"""The replies of the queue's scripts, checked, and as what the port speaks of."""

from datetime import timedelta
from typing import TypeAlias

from pydantic import TypeAdapter

from hookline.domain.command import Band
from hookline.domain.ids import TaskId
from hookline.domain.queue import ClaimCall, Holding, LaneDepth, Taken
from hookline.queue.layout import moment
from hookline.queue.scripts import Reply

_MICROSECOND = timedelta(microseconds=1)
_TEXT: TypeAdapter[bytes] = TypeAdapter(bytes)
NUMBER: TypeAdapter[int] = TypeAdapter(int)
_IDS: TypeAdapter[list[bytes]] = TypeAdapter(list[bytes])
Pairs: TypeAlias = list[tuple[bytes, bytes]]
TAKEN: TypeAdapter[tuple[Pairs, bytes]] = TypeAdapter(tuple[Pairs, bytes])
SETTLED: TypeAdapter[tuple[int, Pairs, bytes]] = TypeAdapter(tuple[int, Pairs, bytes])
STATS: TypeAdapter[tuple[list[tuple[bytes, bytes, bytes, bytes]], list[tuple[bytes, bytes]]]] = TypeAdapter(
    tuple[list[tuple[bytes, bytes, bytes, bytes]], list[tuple[bytes, bytes]]]
)
SCANNED: TypeAdapter[tuple[int, dict[bytes, bytes]]] = TypeAdapter(tuple[int, dict[bytes, bytes]])
COUNTS: TypeAdapter[dict[bytes, bytes]] = TypeAdapter(dict[bytes, bytes])


def taken_of(call: ClaimCall, pairs: Pairs, wait: bytes) -> Taken:
    """What a claim got, as its script tells it."""
    after = int(wait)
    holdings = [Holding(TaskId(task_id.decode()), lane.decode(), call.claim_id) for task_id, lane in pairs]
    return Taken(holdings, after * _MICROSECOND if after >= 0 else None)


def depth_of(band: bytes, lane: bytes, waiting: bytes, oldest: bytes) -> LaneDepth:
    """What waits of a band and lane, as the script tells it."""
    since = moment(int(oldest)) if oldest else None
    return LaneDepth(lane.decode(), Band(int(band)), int(waiting), since)


def text_of(reply: Reply) -> str:
    """A reply that is a text."""
    return _TEXT.validate_python(reply, strict=True).decode()


def ids_of(reply: Reply) -> list[TaskId]:
    """A reply that is a list of ids."""
    return [TaskId(task_id.decode()) for task_id in _IDS.validate_python(reply, strict=True)]
