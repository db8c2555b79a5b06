"""One gateway process: embedded servers, parts and listeners, from start to a clean end."""

import asyncio
import os
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

import hookline
from hookline.addresses import Address, claim_address
from hookline.bootstrap import Gateway, make_gateway
from hookline.core.lateness import tell_if_late
from hookline.domain.errors import ConfigurationError, StorageUnavailableError
from hookline.embedded.home import HomeLock
from hookline.embedded.valkey import EmbeddedValkey
from hookline.listeners import Listener
from hookline.probes import probes_of
from hookline.public_listener import public_listener, stop_signal
from hookline.settings import Settings
from hookline.storage import schema
from hookline.workers import PublicWorkers

MULTIPROCESS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
_LOOK_AGAIN_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Serving:
    """Where a gateway that is ready listens."""

    public: Address
    admin: Address


async def serve(settings: Settings, tell_ready: Callable[[Serving], None]) -> None:
    """Serve until SIGTERM or SIGINT.

    Args:
        settings: how.
        tell_ready: called once, when webhooks are accepted.

    Raises:
        ConfigurationError: something that was set cannot work.
    """
    server = settings.server
    public = claim_address(server.host, server.port, "--port or HOOKLINE_PORT")
    admin = claim_address(server.admin_host, server.admin_port, "--admin-port or HOOKLINE_ADMIN_PORT")
    if public.port == admin.port:
        raise ConfigurationError(
            f"webhooks and the admin listener cannot share port {public.port}; "
            "choose another with --admin-port or HOOKLINE_ADMIN_PORT"
        )
    make_folder(settings.task_logs_dir, "TASK_LOGS_DIR")
    async with _embedded(settings) as redis_url:
        registry = CollectorRegistry()
        gateway = make_gateway(settings, redis_url, registry)
        try:
            await _prepare_database(gateway)
            await _run(gateway, redis_url, Serving(public, admin), lambda: _render(registry), tell_ready)
        finally:
            await gateway.close()


async def _run(
    gateway: Gateway,
    redis_url: str,
    serving: Serving,
    metrics: Callable[[], bytes],
    tell_ready: Callable[[Serving], None],
) -> None:
    is_over = stop_signal()
    admin = Listener(hookline.admin.make_admin_app(gateway, probes_of(gateway), metrics), serving.admin)
    gateway.background.start()
    gateway.working.start()
    admin.start()
    try:
        async with _public(gateway, redis_url, serving.public):
            await admin.is_listening()
            tell_ready(serving)
            _ = await is_over.wait()
            tell_if_late()
    finally:
        await gateway.working.stop()
        await admin.stop()
        await gateway.background.stop()


@asynccontextmanager
async def _public(gateway: Gateway, redis_url: str, address: Address) -> AsyncGenerator[None]:
    """The public listener: in this process, or in several of their own."""
    if gateway.settings.server.workers > 1:
        workers = PublicWorkers(gateway.settings.server.workers, redis_url, address)
        await workers.start()
        try:
            yield
        finally:
            await workers.stop()
        return
    async with public_listener(gateway, address):
        yield


def make_folder(path: Path, setting: str) -> None:
    """Make a private folder, or make sure that it can be used.

    Raises:
        ConfigurationError: it cannot be made, read or written; names the setting.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"{setting}: {path} cannot be made: {error.strerror}") from None
    if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        raise ConfigurationError(f"{setting}: {path} cannot be read and written")


@asynccontextmanager
async def _embedded(settings: Settings) -> AsyncGenerator[str]:
    """The Redis to use: the configured one, or a Valkey of our own for as long as this lasts."""
    is_ours = settings.redis_url is None
    lock = HomeLock(settings.home) if is_ours or settings.is_embedded else None
    if lock is not None:
        lock.acquire()
    try:
        if settings.redis_url is not None:
            yield settings.redis_url
            return
        valkey = EmbeddedValkey(settings.home)
        keeper = asyncio.create_task(_keep_alive(valkey))
        importing = asyncio.create_task(asyncio.to_thread(_import_admin))
        try:
            await valkey.start()
            await importing
            yield valkey.url
        finally:
            _ = keeper.cancel()
            await valkey.stop()
    finally:
        if lock is not None:
            lock.release()


def _import_admin() -> None:
    """FastAPI takes longer to import than Valkey to come up; on two cores one of them costs nothing."""
    _ = hookline.admin


async def _keep_alive(valkey: EmbeddedValkey) -> None:
    while True:
        _ = await valkey.died.wait()
        try:
            await valkey.start()
        except ConfigurationError:
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)


async def _prepare_database(gateway: Gateway) -> None:
    database = gateway.database
    try:
        if database.is_sqlite:
            await schema.upgrade(database)
        elif (standing := await schema.standing(database)) is not schema.Standing.CURRENT:
            raise ConfigurationError(f"the database at {database.place} {schema.REMEDIES[standing]}")
    except StorageUnavailableError as error:
        raise ConfigurationError(f"the database at {database.place} cannot be reached: {error}") from None


def _render(registry: CollectorRegistry) -> bytes:
    if MULTIPROCESS_VARIABLE not in os.environ:
        return generate_latest(registry)
    collected = CollectorRegistry()
    _ = MultiProcessCollector(collected)
    return generate_latest(collected)
