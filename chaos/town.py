"""The installation under test: PostgreSQL, Valkey, one gateway with its relay, and eight workers."""

import asyncio
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from redis import Redis

from chaos.crew import ROOT, Hand
from gateways import Gateway
from hookline.bootstrap import utc_now
from hookline.core.tokens import TokenKind, hash_of, make_token
from hookline.storage.database import open_database
from hookline.storage.migrator import upgrade
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

[[lanes]]
lane = "{CAPPED_LANE}"
cap = {CAP}

[[lanes]]
lane = "github:octo/*"
weight = 2
"""


@dataclass
class Town:
    """Everything that runs, and where its data is."""

    folder: Path
    postgres: PostgresServer
    valkey: TestServer
    gateway: Gateway
    hands: list[Hand]
    lease: float
    mutant: int | None = None

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
def town(folder: Path, seed: int, lease: float, mutant: int | None) -> Iterator[Town]:
    """Start all of it; at the end all of it is killed, whatever state it is in."""
    home, journals = folder / "home", folder / "journals"
    for place in (home, journals):
        place.mkdir(mode=0o700)
    _ = (home / "hookline.toml").write_text(CONFIGURATION.format(lease=lease), encoding="utf-8")
    with postgres_server() as postgres, valkey_server() as valkey:
        url = postgres.create_database()
        names = [f"w{number}" for number in range(1, WORKERS + 1)]
        tokens = asyncio.run(_prepare(url, names))
        gateway = Gateway(home, database_url=url, redis_url=valkey.url, extra=_seeded(mutant))
        hands = [
            Hand(name, token, gateway.admin_url, seed, lease, journals)
            for name, token in zip(names, tokens, strict=True)
        ]
        made = Town(folder, postgres, valkey, gateway, hands, lease, mutant)
        try:
            _ = gateway.start()
            yield made
        finally:
            for hand in hands:
                hand.kill()
            if gateway.process is not None and gateway.process.poll() is None:
                gateway.kill()
            _ = (folder / "gateway.log").write_text("".join(gateway.output), encoding="utf-8")


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
