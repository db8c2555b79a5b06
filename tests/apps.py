"""The public and the admin app over all parts of a gateway, asked inside the test's own process."""

import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from httpx import ASGITransport, AsyncClient
from prometheus_client import CollectorRegistry, generate_latest

from hookline.admin import make_admin_app
from hookline.bootstrap import Gateway, make_gateway
from hookline.main import make_public_app
from hookline.queue.connection import open_redis
from hookline.registry import PROVIDERS, Provider
from hookline.settings import load_settings


@dataclass(frozen=True)
class Apps:
    """A gateway that takes webhooks, and a client of each of its apps."""

    gateway: Gateway
    public: AsyncClient
    admin: AsyncClient


@asynccontextmanager
async def serving(
    home: Path,
    migrated_sqlite: Path,
    redis_url: str,
    environment: Mapping[str, str],
    providers: Mapping[str, Provider] = PROVIDERS,
) -> AsyncIterator[Apps]:
    """Serve with some secrets, on a copy of an empty database, with an empty queue."""
    shutil.copy(migrated_sqlite, home / "hookline.db")
    traits = {name: provider.traits for name, provider in providers.items()}
    settings = load_settings({"HOOKLINE_HOME": str(home), **environment}, traits, {})
    registry = CollectorRegistry()
    gateway = make_gateway(settings, redis_url, registry, providers)
    public = ASGITransport(make_public_app(gateway))
    admin = ASGITransport(make_admin_app(gateway, [], lambda: generate_latest(registry)))
    async with open_redis(redis_url) as redis:
        await redis.flushdb()
    gateway.intaking.start()
    try:
        async with (
            AsyncClient(transport=public, base_url="http://hooks.example.com") as asks,
            AsyncClient(transport=admin, base_url="http://127.0.0.1") as looks,
        ):
            yield Apps(gateway, asks, looks)
    finally:
        await gateway.intaking.stop()
        await gateway.close()
        async with open_redis(redis_url) as redis:
            await redis.flushdb()
