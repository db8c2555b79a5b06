"""The part of ASGI that the webhook routes use, with types."""

from collections.abc import Awaitable, Iterable
from typing import Literal, Protocol, TypedDict


class HttpScope(TypedDict):
    """One request."""

    type: Literal["http", "lifespan", "websocket"]
    method: str
    path: str
    headers: Iterable[tuple[bytes, bytes]]
    client: tuple[str, int] | None


class HttpRequestEvent(TypedDict):
    """A piece of the body, or the news that the client has gone."""

    type: Literal["http.request", "http.disconnect"]
    body: bytes
    more_body: bool


class HttpStart(TypedDict):
    """Status and headers of the answer."""

    type: Literal["http.response.start"]
    status: int
    headers: list[tuple[bytes, bytes]]


class HttpBody(TypedDict):
    """The body of the answer."""

    type: Literal["http.response.body"]
    body: bytes


class Receive(Protocol):
    """Waits for the next piece of the request."""

    def __call__(self) -> Awaitable[HttpRequestEvent]:
        """Next piece."""
        ...


class Send(Protocol):
    """Sends a piece of the answer."""

    def __call__(self, message: HttpStart | HttpBody, /) -> Awaitable[None]:
        """Send one."""
        ...


class AsgiApp(Protocol):
    """An ASGI application for HTTP."""

    def __call__(self, scope: HttpScope, receive: Receive, send: Send, /) -> Awaitable[None]:
        """Serve one request."""
        ...
