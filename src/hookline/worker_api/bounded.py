"""Bounds what a worker may send, while it comes in and before it is read as JSON."""

from collections.abc import AsyncGenerator, Callable, Coroutine
from http import HTTPStatus

from fastapi import HTTPException, Request, Response
from fastapi.routing import APIRoute

from hookline.domain.source import MEBIBYTE

LARGEST_BODY = 2 * MEBIBYTE


class TooLargeError(HTTPException):
    """More came than is allowed."""

    def __init__(self) -> None:
        """Tell the limit."""
        why = f"the request is larger than {LARGEST_BODY} bytes"
        super().__init__(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, why, {"connection": "close"})


class _BoundedRequest(Request):
    async def stream(self) -> AsyncGenerator[bytes]:
        size = 0
        async for part in super().stream():
            size += len(part)
            if size > LARGEST_BODY:
                raise TooLargeError
            yield part


class BoundedRoute(APIRoute):
    """A route that answers 413 to a body that turns out to be too large."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[None, None, Response]]:
        """The handler, reading no more than the limit."""
        handle = super().get_route_handler()

        async def handle_bounded(request: Request) -> Response:
            return await handle(_BoundedRequest(request.scope, request.receive))

        return handle_bounded
