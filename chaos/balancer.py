"""Carries each request to one of several gateways, as a load balancer does that knows of no faults."""

from collections.abc import Sequence
from random import Random

import httpx


class Either(httpx.AsyncBaseTransport):
    """Chooses for each request."""

    def __init__(self, urls: Sequence[str], chance: Random) -> None:
        """Keep where the gateways are, and what decides."""
        self._urls = [httpx.URL(url) for url in urls]
        self._chance = chance
        self._inner = httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send it to one of them."""
        chosen = self._chance.choice(self._urls)
        request.url = request.url.copy_with(port=chosen.port)
        request.headers["host"] = chosen.netloc.decode()
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        """Let go of all connections."""
        await self._inner.aclose()


def client_of(urls: Sequence[str], chance: Random, timeout: float = 20) -> httpx.AsyncClient:
    """A client of all of these gateways."""
    return httpx.AsyncClient(transport=Either(urls, chance), base_url=urls[0], timeout=timeout)
