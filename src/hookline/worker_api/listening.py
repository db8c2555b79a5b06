"""Work that is done only as long as somebody listens for its result."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from http import HTTPStatus
from typing import Protocol, TypeVar

from fastapi import HTTPException

ResultT = TypeVar("ResultT")


class _Value(Protocol):
    """What an event of the server holds."""


Receive = Callable[[], Awaitable[MutableMapping[str, _Value]]]


class HungUpError(HTTPException):
    """Whoever asked has gone; the answer reaches nobody."""

    def __init__(self) -> None:
        """Tell it to whoever reads logs."""
        super().__init__(HTTPStatus.REQUEST_TIMEOUT, "the worker has hung up")


async def while_connected(receive: Receive, work: Coroutine[None, None, ResultT]) -> ResultT:
    """Do it, unless the connection ends before it is done; then it is cancelled.

    Raises:
        HungUpError: the connection has ended.
    """
    working = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_until_gone(receive))
    try:
        _ = await asyncio.wait({working, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise HungUpError
        return await working
    finally:
        for task in (working, gone):
            _ = task.cancel()


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
