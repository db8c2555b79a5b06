"""The public ASGI application: one route per source, and nothing else."""

import math
from collections.abc import Mapping
from typing import Protocol, cast

import structlog
from structlog.typing import FilteringBoundLogger

from hookline.core.answers import json_bytes
from hookline.core.metrics import Metrics
from hookline.domain.delivery import Answer, Headers
from hookline.domain.errors import (
    OverloadedError,
    RefusedDeliveryError,
    StorageUnavailableError,
    UnstorableError,
)
from hookline.gateway.asgi import HttpScope, Receive, Send
from hookline.gateway.body import ClientGoneError
from hookline.gateway.peers import PeerAddresses

RETRY_AFTER_SECONDS = 5
_log = cast(FilteringBoundLogger, structlog.get_logger())
_NOT_FOUND = Answer(404, b'{"error":"no such webhook source"}')
_ONLY_POST = Answer(405, b'{"error":"webhooks are sent with POST"}')


class Route(Protocol):
    """Serves the deliveries of one source."""

    @property
    def provider(self) -> str:
        """The provider it serves."""
        ...

    async def serve(self, headers: Headers, remote: str, receive: Receive, /) -> Answer:
        """Take one delivery and answer it."""
        ...


class PublicApp:
    """Routes by path, and turns errors into answers."""

    def __init__(self, routes: Mapping[str, Route], metrics: Metrics, peers: PeerAddresses) -> None:
        """Keep the routes by their path."""
        self._routes = dict(routes)
        self._metrics = metrics
        self._peers = peers

    async def __call__(self, scope: HttpScope, receive: Receive, send: Send, /) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return
        route = self._routes.get(scope["path"])
        if route is None:
            await _send(send, _NOT_FOUND, {})
        elif scope["method"] != "POST":
            await _send(send, _ONLY_POST, {"allow": "POST"})
        else:
            await self._serve(route, scope, receive, send)

    async def _serve(self, route: Route, scope: HttpScope, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        remote = self._peers.address(scope["client"], headers)
        extra: dict[str, str] = {}
        try:
            answer = await route.serve(headers, remote, receive)
        except ClientGoneError as error:
            self._metrics.answered(error.provider, error.word)
            return
        except RefusedDeliveryError as error:
            answer = self._refusal(error, extra)
        except (StorageUnavailableError, UnstorableError) as error:
            answer = self._unstored(route.provider, error, extra)
        await _send(send, answer, extra)

    def _refusal(self, error: RefusedDeliveryError, extra: dict[str, str]) -> Answer:
        self._metrics.answered(error.provider, error.word)
        if isinstance(error, OverloadedError):
            extra["retry-after"] = str(math.ceil(error.retry_after.total_seconds()))
        return Answer(error.status, json_bytes({"status": error.word, "error": error.why}))

    def _unstored(
        self, provider: str, error: StorageUnavailableError | UnstorableError, extra: dict[str, str]
    ) -> Answer:
        if isinstance(error, UnstorableError):
            _log.error("delivery.unstorable", provider=provider, why=str(error))
            self._metrics.answered(provider, "malformed")
            return Answer(400, json_bytes({"status": "malformed", "error": "the delivery cannot be stored"}))
        _log.warning("database.unavailable", why=str(error))
        self._metrics.answered(provider, "unavailable")
        extra["retry-after"] = str(RETRY_AFTER_SECONDS)
        return Answer(503, json_bytes({"status": "unavailable", "error": "the database cannot take it now"}))


async def _send(send: Send, answer: Answer, extra: Mapping[str, str]) -> None:
    headers = [
        (b"content-type", answer.content_type.encode("latin-1")),
        (b"content-length", str(len(answer.body)).encode()),
        *((name.encode(), value.encode()) for name, value in extra.items()),
    ]
    await send({"type": "http.response.start", "status": answer.code, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
