"""Hears what the queue's scripts publish: that something may be claimed, that a worker should stop.

One connection for all partitions. It may ring in vain; after each new connection it rings and tells so, since
nobody knows what was told while there was none. A server that is silent is asked whether it is there: a host
that dies or is cut off ends no connection. In a cluster the others are asked to tell it something.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict
from redis.asyncio import Redis

from hookline.core.background import Loop
from hookline.domain.errors import QueueUnavailableError
from hookline.domain.ids import TaskId
from hookline.queue.failures import unavailable
from hookline.queue.groups import AnyNode, Line, Listened
from hookline.queue.layout import CALLED_OFF, CHANNEL, IS_ANYBODY_THERE

AGAIN_SECONDS = 1.0


class Patience(NamedTuple):
    """How many seconds a server may be silent before it is asked, and then until it answers."""

    silent: float = 5.0
    asked: float = 5.0


PATIENCE = Patience()


class _Told(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    type: str
    pattern: bytes | None
    channel: bytes | None
    data: bytes | int | None


def _nothing() -> None:
    """Whom a new connection does not concern."""


class QueueBell:
    """Calls back for what is told, as long as it is started."""

    def __init__(
        self,
        redis: Redis | AnyNode,
        may_claim: Callable[[], None],
        called_off: Callable[[TaskId], None],
        connected: Callable[[], None] = _nothing,
        rest: Callable[[float], Awaitable[None]] = asyncio.sleep,
        patience: Patience = PATIENCE,
    ) -> None:
        """Keep the client, which is the bell's own, and whom to call; nothing is connected yet."""
        self._redis: Listened = redis
        self._may_claim = may_claim
        self._called_off = called_off
        self._connected = connected
        self._rest = rest
        self._patience = patience
        self._loop = Loop("queue-bell", self._listen)

    def start(self) -> None:
        """Start listening on the running loop."""
        self._loop.start()

    async def stop(self) -> None:
        """Stop listening, and let go of the connection."""
        await self._loop.stop()
        await self._redis.aclose()

    async def _listen(self) -> None:
        line = self._redis.pubsub()
        try:
            with unavailable():
                await line.subscribe(CHANNEL)
                while True:
                    self._tell(await self._next(line))
        except QueueUnavailableError:
            await self._rest(AGAIN_SECONDS)
        finally:
            await line.aclose()

    async def _next(self, line: Line) -> _Told:
        told = await line.get_message(timeout=self._patience.silent)
        if told is None:
            await line.ping()
            told = await line.get_message(timeout=self._patience.asked)
        if told is None:
            raise TimeoutError
        return _Told.model_validate(told)

    def _tell(self, told: _Told) -> None:
        if told.type == "subscribe":
            self._may_claim()
            self._connected()
        elif told.type == "message" and isinstance(told.data, bytes):
            text = told.data.decode("utf-8", "replace")
            if text.startswith(CALLED_OFF):
                self._called_off(TaskId(text.removeprefix(CALLED_OFF)))
            elif text != IS_ANYBODY_THERE:
                self._may_claim()
