"""The shape of a task log's line, and how a task's facts become lines."""

from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, PlainSerializer

from hookline.domain.log import LoggedTask, TaskOrigin
from hookline.domain.text import NAME_LIMIT, instant_text, one_line, shorten

_URL_LIMIT = 2_000
_FIRST = 1


class LogLine(BaseModel):
    """One line: `seq` counts from 1 in each file, `at` is UTC with microseconds."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    v: Literal[1] = 1
    seq: int = Field(ge=1)
    at: Annotated[AwareDatetime, PlainSerializer(instant_text)]
    event: str
    task_id: str
    delivery_id: str | None
    fence: int | None
    data: dict[str, JsonValue]


def encode(line: LogLine) -> bytes:
    """The line as compact JSON with its line feed."""
    return line.model_dump_json().encode() + b"\n"


def project(task: LoggedTask) -> Iterator[LogLine]:
    """The lines of a task's facts; those of its delivery come before the first one, which makes two.

    A task is queued by the same commit that stores it, so `task.queued` follows from `task.created`. A fact
    always has the line of `line_number`, whether or not the delivery's row is still there, so a line's number
    alone tells which fact it came from.
    """
    if task.origin is not None:
        for seq, (event, data_of) in enumerate(_ORIGIN_LINES.items(), 1):
            yield LogLine(
                seq=seq,
                at=task.origin.accepted_at,
                event=event,
                task_id=task.id,
                delivery_id=task.delivery_id,
                fence=None,
                data=data_of(task.origin),
            )
    for fact in task.facts:
        line = LogLine(
            seq=line_number(fact.seq),
            at=fact.at,
            event=fact.event,
            task_id=task.id,
            delivery_id=fact.delivery_id,
            fence=fact.fence,
            data=dict(fact.data),
        )
        yield line
        if fact.seq == _FIRST:
            queued = {"band": fact.data.get("band")}
            yield line.model_copy(update={"seq": line.seq + 1, "event": "task.queued", "data": queued})


def line_number(seq: int) -> int:
    """Which line of the file tells a fact; the first fact's line is followed by `task.queued`."""
    return len(_ORIGIN_LINES) + seq + (seq > _FIRST)


def _received(origin: TaskOrigin) -> dict[str, JsonValue]:
    known: dict[str, JsonValue] = {"provider": origin.provider, "source": origin.source}
    if (delivery := origin.delivery) is None:
        return {**known, "pruned": True}
    return {
        **known,
        "remote": delivery.remote,
        "external_id": delivery.external_id,
        "replay_of": delivery.replay_of,
    }


def _verified(origin: TaskOrigin) -> dict[str, JsonValue]:
    if (delivery := origin.delivery) is None:
        return {}
    return {"size": delivery.size, "sha256": delivery.sha256}


def _parsed(origin: TaskOrigin) -> dict[str, JsonValue]:
    if (delivery := origin.delivery) is None:
        return {}
    return {
        "event": delivery.event,
        "action": delivery.action,
        "lane": delivery.lane,
        "conversation": delivery.conversation,
        "origin": delivery.origin,
        "actor_id": delivery.actor_id,
        "actor_name": delivery.actor_name,
        "actor_kind": delivery.actor_kind,
        "url": None if delivery.url is None else shorten(delivery.url, _URL_LIMIT),
        "title": delivery.title,
    }


def _decided(origin: TaskOrigin) -> dict[str, JsonValue]:
    if (delivery := origin.delivery) is None:
        return {}
    detail = None if delivery.detail is None else one_line(delivery.detail, NAME_LIMIT)
    return {"status": delivery.status, "rule": delivery.rule, "detail": detail}


def _extracted(origin: TaskOrigin) -> dict[str, JsonValue]:
    return {"trigger": origin.trigger, "text": origin.text}


_ORIGIN_LINES: Mapping[str, Callable[[TaskOrigin], dict[str, JsonValue]]] = {
    "delivery.received": _received,
    "delivery.verified": _verified,
    "delivery.parsed": _parsed,
    "delivery.decided": _decided,
    "command.extracted": _extracted,
}
