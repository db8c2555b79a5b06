"""Sends what is asked of the server at the same moment in one go: one trip for many callers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Hashable, Sequence
from hashlib import sha1
from typing import NamedTuple, Protocol, cast

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


class SharedTrips:
    """Runs scripts; what is called while a trip is under way goes with the next one."""

    def __init__(self, redis: Redis) -> None:
        """Keep the client; nothing is sent before the first call."""
        self._redis: _Commands = redis
        self._calls: list[_Call] = []
        self._trips: asyncio.Task[None] | None = None

    def register(self, source: str, own_words: int = 0) -> Script:
        """A script that is run by these trips.

        Args:
            source: its text.
            own_words: of a script that takes several calls in one run and answers each, how many of the last
                arguments are a call's own; the others must be the same for all. Its reply is a list. 0: each
                call is a run.
        """
        return _SharedScript(self, source, own_words)

    async def run(self, script: _SharedScript, keys: Sequence[str], args: Sequence[str]) -> Reply:
        """Run a script, and load it where the server does not know it; a call is made though its caller left.

        Raises:
            RedisError, OSError or TimeoutError: the server does not answer, or refuses the call; or the trip
                was cancelled, as all tasks are at the end of their loop.
        """
        call = _Call(script, tuple(keys), args, asyncio.get_running_loop().create_future())
        self._calls.append(call)
        if self._trips is None or self._trips.done():
            self._trips = asyncio.create_task(self._travel())
        return await call.answer

    async def _travel(self) -> None:
        try:
            while self._calls:
                calls, self._calls = self._calls[:MOST_AT_ONCE], self._calls[MOST_AT_ONCE:]
                await self._make_trip(calls)
        finally:
            unsent, self._calls = self._calls, []
            _fail(unsent, ConnectionError("not sent"))

    async def _make_trip(self, calls: Sequence[_Call]) -> None:
        try:
            unknown = await self._send(calls)
            for script in {call.script for call in unknown}:
                _ = await self._redis.execute_command("SCRIPT LOAD", script.source)
            _ = await self._send(unknown)
        except (RedisError, OSError, TimeoutError) as error:
            _fail(calls, error)
        finally:
            _fail(calls, ConnectionError("no answer came"))

    async def _send(self, calls: Sequence[_Call]) -> Sequence[_Call]:
        """Answer these calls; tells which of them the server has no script for."""
        if not calls:
            return ()
        runs, pipeline = _runs_of(calls), self._redis.pipeline(transaction=False)
        for run in runs:
            _ = pipeline.execute_command("EVALSHA", *_words_of(run))
        replies = await pipeline.execute(raise_on_error=False)
        unknown = [run for run, reply in zip(runs, replies, strict=True) if not _is_answered(run, reply)]
        return [call for run in unknown for call in run]


class _SharedScript:
    def __init__(self, trips: SharedTrips, source: str, own_words: int) -> None:
        self._trips = trips
        self.source = source
        self.own_words = own_words
        self.sha = sha1(source.encode(), usedforsecurity=False).hexdigest()

    def __call__(self, keys: Sequence[str], args: Sequence[str]) -> Awaitable[Reply]:
        return self._trips.run(self, keys, args)


class _Call(NamedTuple):
    script: _SharedScript
    keys: tuple[str, ...]
    args: Sequence[str]
    answer: asyncio.Future[Reply]

    @property
    def shared(self) -> Sequence[str]:
        """The arguments that are the same for all calls of a run."""
        return self.args[: len(self.args) - self.script.own_words]


def _runs_of(calls: Sequence[_Call]) -> Sequence[Sequence[_Call]]:
    runs: dict[Hashable, list[_Call]] = {}
    for number, call in enumerate(calls):
        script = call.script
        same = (script.sha, call.keys, *call.shared) if script.own_words else number
        runs.setdefault(same, []).append(call)
    return list(runs.values())


def _words_of(run: Sequence[_Call]) -> Sequence[str | int]:
    first = run[0]
    own = [word for call in run for word in call.args[len(first.shared) :]]
    return [first.script.sha, len(first.keys), *first.keys, *first.shared, *own]


def _is_answered(run: Sequence[_Call], reply: Reply) -> bool:
    if isinstance(reply, NoScriptError):
        return False
    if isinstance(reply, RedisError):
        _fail(run, reply)
    elif run[0].script.own_words:
        answers = cast(Sequence[Reply], reply) if isinstance(reply, list) else ()
        for call, each in zip(run, answers, strict=False):
            _answer(call, [each])
    else:
        _answer(run[0], reply)
    return True


def _answer(call: _Call, reply: Reply) -> None:
    if not call.answer.done():
        call.answer.set_result(reply)


def _fail(calls: Sequence[_Call], error: Exception) -> None:
    for call in calls:
        if not call.answer.done():
            call.answer.set_exception(error)
