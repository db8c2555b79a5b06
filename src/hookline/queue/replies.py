"""The replies of the queue's scripts, checked, and as what the port speaks of."""

from datetime import timedelta
from typing import TypeAlias

from pydantic import TypeAdapter

from hookline.domain.command import Band
from hookline.domain.ids import TaskId
from hookline.domain.queue import ClaimCall, Holding, LaneDepth, Taken
from hookline.queue.layout import moment
from hookline.queue.together import Reply

_MICROSECOND = timedelta(microseconds=1)
_TEXT: TypeAdapter[bytes] = TypeAdapter(bytes)
NUMBER: TypeAdapter[int] = TypeAdapter(int)
_TEXTS: TypeAdapter[list[bytes]] = TypeAdapter(list[bytes])
Pairs: TypeAlias = list[tuple[bytes, bytes]]
TAKEN: TypeAdapter[tuple[Pairs, int]] = TypeAdapter(tuple[Pairs, int])
SETTLED: TypeAdapter[tuple[tuple[int, Pairs, int]]] = TypeAdapter(tuple[tuple[int, Pairs, int]])
Stats: TypeAlias = tuple[list[tuple[int, bytes, int, int]], list[tuple[bytes, int]]]
STATS: TypeAdapter[Stats] = TypeAdapter(Stats)
SCANNED: TypeAdapter[tuple[int, dict[bytes, bytes]]] = TypeAdapter(tuple[int, dict[bytes, bytes]])


def taken_of(call: ClaimCall, pairs: Pairs, after: int) -> Taken:
    """What a claim got, as its script tells it."""
    holdings = [Holding(TaskId(task_id.decode()), lane.decode(), call.claim_id) for task_id, lane in pairs]
    return Taken(holdings, after * _MICROSECOND if after >= 0 else None)


def depth_of(band: int, lane: bytes, waiting: int, oldest: int) -> LaneDepth:
    """What waits of a band and lane, as the script tells it."""
    since = moment(oldest) if oldest >= 0 else None
    return LaneDepth(lane.decode(), Band(band), waiting, since)


def text_of(reply: Reply) -> str:
    """A reply that is a text."""
    return _TEXT.validate_python(reply, strict=True).decode()


def texts_of(reply: Reply) -> list[str]:
    """A reply that is a list of texts."""
    return [text.decode() for text in _TEXTS.validate_python(reply, strict=True)]


def ids_of(reply: Reply) -> list[TaskId]:
    """A reply that is a list of ids."""
    return [TaskId(text) for text in texts_of(reply)]
