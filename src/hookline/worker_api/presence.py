"""Notices that a caller hung up while its answer is waited for."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

from fastapi import Request
from pydantic import TypeAdapter

from hookline.core.caller import Caller

DISCONNECTED = "http.disconnect"
_WORD: TypeAdapter[str] = TypeAdapter(str)


@asynccontextmanager
async def caller_of(request: Request) -> AsyncGenerator[Caller]:
    """Whoever sent this request, whose body was read already."""
    caller = Caller()
    watching = asyncio.ensure_future(_watch(request, caller))
    try:
        yield caller
    finally:
        _ = watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching


async def _watch(request: Request, caller: Caller) -> None:
    while _WORD.validate_python((await request.receive()).get("type")) != DISCONNECTED:
        pass
    caller.leave()
