"""A client that sends webhooks over raw keep-alive connections, and remembers every answer it saw."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

from signed_webhooks import Webhook

TOO_BUSY = "the database cannot take it now"
_GONE = (ConnectionError, asyncio.IncompleteReadError, OSError)


@dataclass(frozen=True)
class Seen:
    """An answer: its status, headers and JSON."""

    status: int
    headers: dict[str, str]
    content: dict

    @property
    def task_id(self) -> str:
        return self.content["task_id"]


def request_bytes(webhook: Webhook) -> bytes:
    lines = [
        f"POST {webhook.path} HTTP/1.1",
        "host: localhost",
        f"content-length: {len(webhook.body)}",
        *(f"{name}: {value}" for name, value in webhook.headers.items()),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + webhook.body


async def read_answer(reader: asyncio.StreamReader) -> Seen:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in head[1:] if line)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Seen(int(head[0].split()[1]), headers, json.loads(body) if body else {})


@dataclass
class Load:
    """Keeps so many connections busy with fresh webhooks until it is stopped."""

    port: int
    make: Callable[[int], Webhook]
    connections: int = 16
    first: int = 1
    answers: dict[int, Seen] = field(default_factory=dict)
    _next: int = 0
    _is_over: bool = False
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Send until stopped or until the server has gone."""
        self._next = self.first
        await asyncio.gather(*(self._connection() for _ in range(self.connections)))

    def stop(self) -> None:
        self._is_over = True

    @property
    def sent(self) -> int:
        """The next number that was not sent yet."""
        return self._next

    def accepted(self) -> dict[int, str]:
        """The task of every number that was answered 202."""
        return {number: seen.task_id for number, seen in self.answers.items() if seen.status == 202}

    def task_ids(self) -> dict[int, str]:
        """The task that every number was answered with, as a new one or as one that was there."""
        return {number: seen.task_id for number, seen in self.answers.items() if seen.status in {200, 202}}

    async def until(self, is_so: Callable[[], bool], seconds: float = 60) -> None:
        """Wait for an answer after which something is so."""
        async with asyncio.timeout(seconds):
            while not is_so():
                self._news.clear()
                await self._news.wait()

    async def _connection(self) -> None:
        with suppress(*_GONE):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            with suppress(*_GONE):
                while not self._is_over:
                    await self._one(reader, writer)
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number, self._next = self._next, self._next + 1
        writer.write(request_bytes(self.make(number)))
        await writer.drain()
        self.answers[number] = await read_answer(reader)
        self._news.set()


async def exchange(port: int, *pieces: bytes, then: Callable[[], Awaitable[None]] | None = None) -> Seen:
    """Send pieces on a fresh connection and read one answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in pieces:
            writer.write(piece)
            with suppress(ConnectionError):
                await writer.drain()
        if then is not None:
            await then()
        return await read_answer(reader)
    finally:
        writer.close()


async def deliver(port: int, webhook: Webhook) -> Seen:
    """Send a webhook, and again for as long as a busy machine's database is told to be the reason not to."""
    while True:
        seen = await exchange(port, request_bytes(webhook))
        if seen.content.get("error") != TOO_BUSY:
            return seen
