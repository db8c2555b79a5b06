"""The client of the chaos sends again what may be taken later, and tells what never will be."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from random import Random

import pytest

from architecture.project import ROOT

sys.path.append(str(ROOT))

from chaos.client import Client, RefusedError, asking
from chaos.places import Comment

ACCEPTED = '{"status": "accepted", "task_id": "t1"}'


@asynccontextmanager
async def answering(*answers: tuple[str, str]) -> AsyncIterator[str]:
    """A gateway that gives these answers in turn, and the last of them again and again."""
    left, handling = list(answers), set[asyncio.Task[None]]()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handling.add(asyncio.current_task())
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = next(line for line in head.splitlines() if line.startswith("content-length:"))
            await reader.readexactly(int(length.partition(":")[2]))
            status, body = left.pop(0) if len(left) > 1 else left[0]
            head = f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
            writer.write((head + body).encode())
            await writer.drain()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    await asyncio.gather(*handling)


@pytest.mark.parametrize(
    "before", [("503 Service Unavailable", "{}"), ("408 Request Timeout", "{}"), ("429 Too Many", "{}")]
)
async def test_what_may_be_taken_later_is_sent_again(before: tuple[str, str]) -> None:
    async with answering(before, ("202 Accepted", ACCEPTED)) as url:
        client = Client([url], Random(1), 1)
        assert await client.send(asking(Comment(1, "github:octo/app", 1, "@agent fix it"))) == "t1"


async def test_what_is_refused_ends_the_sending() -> None:
    async with answering(("400 Bad Request", "no such issue")) as url:
        client = Client([url], Random(1), 100)
        with pytest.raises(ExceptionGroup) as caught:
            await client.send_until(asyncio.Event())
        assert caught.group_contains(RefusedError, match="was answered 400: no such issue")
