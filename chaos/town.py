"""The installation under test: PostgreSQL, Valkey, gateways with their relays, and eight workers."""

import asyncio
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from redis import Redis

from chaos.crew import ROOT, Hand
from chaos.places import FOLDING_LANE
from gateways import Gateway
from hookline.clock import utc_now
from hookline.core.tokens import TokenKind, hash_of, make_token
from hookline.queue.layout import Partition, partitions
from hookline.storage.database import open_database
from hookline.storage.schema import upgrade
from hookline.storage.workers import SqlWorkerRegister
from server_process import TestServer
from servers import PostgresServer, postgres_server, valkey_server

WORKERS = 8
CAPPED_LANE = "github:octo/capped"
CAP = 2
SEEDED = ROOT / "chaos" / "seeded"
CONFIGURATION = f"""
[queue]
lease_seconds = {{lease}}
partitions = {{partitions}}

[[lanes]]
lane = "{CAPPED_LANE}"
cap = {CAP}

[[lanes]]
lane = "github:octo/*"
weight = 2

[[rules]]
name = "folding"
match.trigger = ["mention"]
match.lane = ["{FOLDING_LANE}"]
run.fold = true

[[rules]]
name = "mentions"
match.trigger = ["mention"]
"""


@dataclass(frozen=True)
class Size:
    """How large it is, and what is wrong with it: a seeded fault by its number."""

    lease: float
    gateways: int = 1
    partitions: int = 1
    mutant: int | None = None


@dataclass
class Town:
    """Everything that runs, and where its data is."""

    folder: Path
    postgres: PostgresServer
    valkey: TestServer
    gateways: list[Gateway]
    hands: list[Hand]
    size: Size

    @property
    def lease(self) -> float:
        """How many seconds a heartbeat holds a task."""
        return self.size.lease

    @property
    def urls(self) -> list[str]:
        """Where webhooks are posted."""
        return [gateway.url for gateway in self.gateways]

    @property
    def admin_urls(self) -> list[str]:
        """Where workers ask."""
        return [gateway.admin_url for gateway in self.gateways]

    @property
    def partitions(self) -> Sequence[Partition]:
        """The queue's partitions."""
        return partitions(self.size.partitions)

    @property
    def journals(self) -> Path:
        """Where the workers write."""
        return self.folder / "journals"

    @property
    def valkey_folder(self) -> Path:
        """Where Valkey keeps its data."""
        return Path(self.valkey.url.removeprefix("unix://")).parent

    def redis(self) -> Redis:
        """A connection of the examiner's own."""
        return Redis.from_url(self.valkey.url, socket_timeout=10)

    def wipe_valkey(self) -> None:
        """FLUSHALL while everything runs."""
        with self.redis() as redis:
            _ = redis.flushall()

    def lose_valkey_files(self) -> None:
        """Delete what Valkey keeps on disk; it is down."""
        for path in self.valkey_folder.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()


@contextmanager
def town(folder: Path, seed: int, size: Size) -> Iterator[Town]:
    """Start all of it; at the end all of it is killed, whatever state it is in."""
    journals = folder / "journals"
    journals.mkdir(mode=0o700)
    with postgres_server() as postgres, valkey_server() as valkey:
        url = postgres.create_database()
        names = [f"w{number}" for number in range(1, WORKERS + 1)]
        tokens = asyncio.run(_prepare(url, names))
        gateways = [_gateway(folder / f"gateway-{n}", url, valkey.url, size) for n in range(size.gateways)]
        admin_urls = tuple(gateway.admin_url for gateway in gateways)
        hands = [
            Hand(name, token, admin_urls, seed, size.lease, journals)
            for name, token in zip(names, tokens, strict=True)
        ]
        try:
            for gateway in gateways:
                _ = gateway.start()
            yield Town(folder, postgres, valkey, gateways, hands, size)
        finally:
            for hand in hands:
                hand.kill()
            for gateway in gateways:
                if gateway.process is not None and gateway.process.poll() is None:
                    gateway.kill()
                _ = gateway.home.with_suffix(".log").write_text("".join(gateway.output), encoding="utf-8")


def _gateway(home: Path, database_url: str, redis_url: str, size: Size) -> Gateway:
    home.mkdir(mode=0o700)
    configuration = CONFIGURATION.format(lease=size.lease, partitions=size.partitions)
    _ = (home / "hookline.toml").write_text(configuration, encoding="utf-8")
    return Gateway(home, database_url=database_url, redis_url=redis_url, extra=_seeded(size.mutant))


def _seeded(mutant: int | None) -> dict[str, str]:
    if mutant is None:
        return {}
    places = (SEEDED, ROOT / "tests", os.environ.get("PYTHONPATH", ""))
    return {"CHAOS_MUTANT": str(mutant), "PYTHONPATH": os.pathsep.join(map(str, places))}


async def _prepare(url: str, names: list[str]) -> list[str]:
    """Migrate the database and let the workers in; tells their tokens."""
    database = open_database(url)
    try:
        await upgrade(database)
        register = SqlWorkerRegister(database)
        tokens = [make_token(TokenKind.WORKER) for _ in names]
        for name, token in zip(names, tokens, strict=True):
            _ = await register.add(name, hash_of(token), utc_now())
    finally:
        await database.close()
    return tokens
