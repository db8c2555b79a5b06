"""Bounds what a worker may send, while it comes in and before it is read as JSON."""

from collections.abc import AsyncGenerator, Callable, Coroutine
from http import HTTPStatus

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from hookline.domain.errors import HooklineError
from hookline.domain.source import MEBIBYTE
from hookline.domain.worker_messages import LARGEST_BODY

MOST_DISCARDED = 128 * MEBIBYTE
"""So much of a body that is too large is read and thrown away before the answer: a client that looks for it
only when all is sent would be cut off, not know why, and ask again."""


class TooLargeError(HTTPException):
    """More came than is allowed."""

    def __init__(self) -> None:
        """Tell the limit."""
        why = f"the request is larger than {LARGEST_BODY} bytes"
        super().__init__(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, why, {"connection": "close"})


class UnreadableError(HooklineError):
    """What came is no JSON, or nested too deeply, or holds a number of thousands of digits."""


class _BoundedRequest(Request):
    async def stream(self) -> AsyncGenerator[bytes]:
        declared = self._declared_size()
        if declared > MOST_DISCARDED:
            raise TooLargeError
        size = 0
        async for part in super().stream():
            size += len(part)
            if size > MOST_DISCARDED:
                raise TooLargeError
            if max(size, declared) <= LARGEST_BODY:
                yield part
        if size > LARGEST_BODY:
            raise TooLargeError

    def _declared_size(self) -> int:
        declared = self.headers.get("content-length", "")
        return int(declared) if declared.isdecimal() else 0


class BoundedRoute(APIRoute):
    """A route that refuses a body that turns out to be too large, or that nobody can read."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[None, None, Response]]:
        """The handler, reading no more than the limit."""
        handle = super().get_route_handler()

        async def handle_bounded(request: Request) -> Response:
            try:
                return await handle(_BoundedRequest(request.scope, request.receive))
            except HTTPException as error:
                if error.status_code != HTTPStatus.BAD_REQUEST:
                    raise
                raise UnreadableError("the body cannot be read as JSON") from None

        return handle_bounded
