"""Sends what is asked of the server at the same moment in one go: one trip for many callers."""

import asyncio
from collections.abc import Awaitable, Sequence
from hashlib import sha1
from typing import NamedTuple, Protocol

from redis.asyncio import Redis
from redis.exceptions import NoScriptError, RedisError

MOST_AT_ONCE = 100


class Reply(Protocol):
    """A script's reply, not yet checked."""


class Script(Protocol):
    """Runs a script by its digest, and loads it where the server does not know it."""

    def __call__(self, keys: Sequence[str], args: Sequence[str]) -> Awaitable[Reply]:
        """Run it with these keys and arguments."""
        ...


class _Pipeline(Protocol):
    def execute_command(self, *words: str | int) -> Reply: ...
    def execute(self, *, raise_on_error: bool) -> Awaitable[Sequence[Reply]]: ...


class _Commands(Protocol):
    def pipeline(self, *, transaction: bool) -> _Pipeline: ...
    def execute_command(self, *words: str) -> Awaitable[Reply]: ...


class _Call(NamedTuple):
    source: str
    sha: str
    keys: Sequence[str]
    args: Sequence[str]
    answer: asyncio.Future[Reply]


class SharedTrips:
    """Runs scripts; what is called while a trip is under way goes with the next one, in order."""

    def __init__(self, redis: Redis) -> None:
        """Keep the client; nothing is sent before the first call."""
        self._redis: _Commands = redis
        self._calls: list[_Call] = []
        self._trips: asyncio.Task[None] | None = None

    def register(self, source: str) -> Script:
        """A script that is run by these trips."""
        return SharedScript(self, source)

    async def run(self, source: str, sha: str, keys: Sequence[str], args: Sequence[str]) -> Reply:
        """Run a script, and load it where the server does not know it.

        Raises:
            RedisError, OSError or TimeoutError: the server does not answer, or refuses the call.
        """
        call = _Call(source, sha, keys, args, asyncio.get_running_loop().create_future())
        self._calls.append(call)
        if self._trips is None or self._trips.done():
            self._trips = asyncio.create_task(self._travel())
        return await call.answer

    async def _travel(self) -> None:
        while self._calls:
            calls, self._calls = self._calls[:MOST_AT_ONCE], self._calls[MOST_AT_ONCE:]
            unknown = await self._send(calls)
            for source in {call.source for call in unknown}:
                await self._load(source, unknown)
            await self._send([call for call in unknown if not call.answer.done()])

    async def _send(self, calls: Sequence[_Call]) -> Sequence[_Call]:
        """Answer these calls; tells which of them the server has no script for."""
        if not calls:
            return ()
        pipeline = self._redis.pipeline(transaction=False)
        for call in calls:
            _ = pipeline.execute_command("EVALSHA", call.sha, len(call.keys), *call.keys, *call.args)
        try:
            replies = await pipeline.execute(raise_on_error=False)
        except (RedisError, OSError, TimeoutError) as error:
            _fail(calls, error)
            return ()
        return [call for call, reply in zip(calls, replies, strict=True) if not _is_answered(call, reply)]

    async def _load(self, source: str, calls: Sequence[_Call]) -> None:
        try:
            _ = await self._redis.execute_command("SCRIPT LOAD", source)
        except (RedisError, OSError, TimeoutError) as error:
            _fail([call for call in calls if call.source == source], error)


class SharedScript:
    """A script by its text."""

    def __init__(self, trips: SharedTrips, source: str) -> None:
        """Keep what runs it."""
        self._trips = trips
        self._source = source
        self._sha = sha1(source.encode(), usedforsecurity=False).hexdigest()

    def __call__(self, keys: Sequence[str], args: Sequence[str]) -> Awaitable[Reply]:
        """Run it with these keys and arguments."""
        return self._trips.run(self._source, self._sha, keys, args)


def _is_answered(call: _Call, reply: Reply) -> bool:
    if isinstance(reply, NoScriptError):
        return False
    if isinstance(reply, RedisError):
        _fail([call], reply)
    elif not call.answer.done():
        call.answer.set_result(reply)
    return True


def _fail(calls: Sequence[_Call], error: Exception) -> None:
    for call in calls:
        if not call.answer.done():
            call.answer.set_exception(error)
