"""The task queue on Redis 6.2 or later, or Valkey, in Lua scripts that each are one round trip.

Keys, all of one hash tag: `ready` is a sorted set of task ids by score, `bands` a hash of each task's band,
`depth` a hash of counts by band, `epoch` a random value that lives as long as the data.
"""

import secrets
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Protocol

from pydantic import TypeAdapter
from pydantic_core import to_json
from redis.asyncio import Redis
from redis.exceptions import RedisError

from hookline.domain.command import Band
from hookline.domain.errors import QueueUnavailableError
from hookline.domain.ids import TaskId
from hookline.domain.queue import QueuedTask, QueueEpoch

BATCH = 1_000
"""Tasks of one script call; more are sent in several."""

AGE_BOUND = timedelta(minutes=10)
"""How much older a task must be to come before one of the next better band."""

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_TEXT: TypeAdapter[bytes] = TypeAdapter(bytes)
_NUMBER: TypeAdapter[int] = TypeAdapter(int)
_IDS: TypeAdapter[list[bytes]] = TypeAdapter(list[bytes])
_COUNTS: TypeAdapter[dict[bytes, bytes]] = TypeAdapter(dict[bytes, bytes])


class _Reply(Protocol):
    """A script's reply, not yet checked."""


class _Script(Protocol):
    def __call__(self, keys: Sequence[str], args: Sequence[str]) -> Awaitable[_Reply]: ...


class _Commands(Protocol):
    def zrange(self, name: str, start: int, end: int) -> Awaitable[_Reply]: ...
    def hgetall(self, name: str) -> Awaitable[_Reply]: ...


@dataclass(frozen=True, slots=True)
class _Keys:
    ready: str
    bands: str
    depth: str
    epoch: str


def _keys(tag: str) -> _Keys:
    return _Keys(*(f"hookline:{{{tag}}}:{name}" for name in ("ready", "bands", "depth", "epoch")))


def _fresh_epoch() -> str:
    return secrets.token_hex(8)


class RedisTaskQueue:
    """Implements `TaskQueue`.

    A task's score is its acceptance in milliseconds plus its band times the age bound, fixed for good; ties
    go by id, and ids sort by time. The server must not evict keys (`maxmemory-policy noeviction`).
    """

    def __init__(
        self,
        redis: Redis,
        age_bound: timedelta = AGE_BOUND,
        fresh_epoch: Callable[[], str] = _fresh_epoch,
    ) -> None:
        """Register the scripts; nothing is sent yet.

        Args:
            redis: a client that is this queue's own and answers with bytes.
            age_bound: how much older a task must be to come before one of the next better band.
            fresh_epoch: makes a value that was never used before.
        """
        self._redis = redis
        self._commands: _Commands = redis
        self._age_bound = age_bound
        self._fresh_epoch = fresh_epoch
        self._keys = _keys("q0")
        self._enqueue: _Script = redis.register_script(_lua("current_epoch", "enqueue"))
        self._remove: _Script = redis.register_script(_lua("remove"))
        self._epoch: _Script = redis.register_script(_lua("current_epoch", "epoch"))

    async def enqueue(self, tasks: Sequence[QueuedTask], /) -> QueueEpoch:
        """Take in tasks; one that is in already keeps its place.

        Returns:
            The epoch that the first batch of them is in, so that a loss between two batches is seen.
        """
        keys = self._keys
        epochs: list[QueueEpoch] = []
        for start in range(0, max(len(tasks), 1), BATCH):
            rows = [self._row(task) for task in tasks[start : start + BATCH]]
            with _unavailable():
                reply = await self._enqueue(
                    keys=[keys.ready, keys.bands, keys.depth, keys.epoch],
                    args=[self._fresh_epoch(), to_json(rows).decode()],
                )
            epochs.append(QueueEpoch(_text(reply)))
        return epochs[0]

    async def remove(self, task_ids: Sequence[TaskId], /) -> int:
        """Take tasks out; one that is not in is no change. Tells how many were in."""
        keys = self._keys
        removed = 0
        for start in range(0, len(task_ids), BATCH):
            with _unavailable():
                reply = await self._remove(
                    keys=[keys.ready, keys.bands, keys.depth], args=task_ids[start : start + BATCH]
                )
            removed += _NUMBER.validate_python(reply, strict=True)
        return removed

    async def peek(self, limit: int, /) -> Sequence[TaskId]:
        """The next tasks in the order in which they would be claimed."""
        if limit < 1:
            return []
        with _unavailable():
            reply = await self._commands.zrange(self._keys.ready, 0, limit - 1)
        return [TaskId(member.decode()) for member in _IDS.validate_python(reply, strict=True)]

    async def depth(self) -> Mapping[Band, int]:
        """How many tasks each band holds; every band is named."""
        with _unavailable():
            reply = await self._commands.hgetall(self._keys.depth)
        counts = _COUNTS.validate_python(reply, strict=True)
        return {band: int(counts.get(str(band.value).encode(), 0)) for band in Band}

    async def epoch(self) -> QueueEpoch:
        """The epoch of the data, which begins with this call where there is none.

        It is a random value beside the data and the server's run id, where the server tells one: a wipe
        changes the first, a restart or a fail-over the second.
        """
        with _unavailable():
            reply = await self._epoch(keys=[self._keys.epoch], args=[self._fresh_epoch()])
        return QueueEpoch(_text(reply))

    async def close(self) -> None:
        """Let go of all connections."""
        with _unavailable():
            await self._redis.aclose()

    def _row(self, task: QueuedTask) -> tuple[str, str, str]:
        score = (task.accepted_at - _BEGINNING + task.band.value * self._age_bound) // _MILLISECOND
        return task.task_id, str(task.band.value), str(score)


def _lua(*names: str) -> str:
    folder = files("hookline.queue") / "scripts"
    return "\n".join((folder / f"{name}.lua").read_text("utf-8") for name in names)


def _text(reply: _Reply) -> str:
    return _TEXT.validate_python(reply, strict=True).decode()


@contextmanager
def _unavailable() -> Generator[None]:
    try:
        yield
    except (RedisError, OSError, TimeoutError) as error:
        why = type(error.__cause__ or error).__name__
        raise QueueUnavailableError(f"the queue's server failed: {why}") from error
