"""SIGKILL under load: what was answered 202 is there after the restart, once, and in the queue."""

import asyncio
import random
from pathlib import Path

import pytest

from gateways import Gateway, eventually, forked_gateway
from ledger import queued_ids, read_ledger
from load import Load
from servers import PostgresServer, valkey_server
from signed_webhooks import comment

pytestmark = [pytest.mark.integration, pytest.mark.no_cover, pytest.mark.timeout(400)]

KILLS = 20


async def kill_under_load(running: Gateway, kills: int) -> dict[int, str]:
    """Kill it at a random answer, start it again, and so on; tells the tasks of all seen 202."""
    chance = random.Random(20260301)
    accepted: dict[int, str] = {}
    first = 1
    for _ in range(kills):
        load = Load(running.port, comment, first=first)
        sending = asyncio.create_task(load.run())
        enough = chance.randint(1, 120)
        await load.until(lambda load=load, enough=enough: len(load.accepted()) >= enough)
        await asyncio.to_thread(running.kill)
        await sending
        accepted |= load.accepted()
        first = load.sent
        await asyncio.to_thread(running.start)
    return accepted


async def assert_nothing_lost(running: Gateway, accepted: dict[int, str]) -> None:
    ledger = await read_ledger(running)
    assert set(accepted.values()) <= set(ledger.origins)
    assert max(ledger.tasks_per_origin.values()) == 1
    for number, task_id in accepted.items():
        assert ledger.origins[task_id] == f"github:octo/app:comment/{number}"

    async def are_all_queued() -> bool:
        return sorted(await queued_ids(running)) == sorted(ledger.origins)

    await eventually(are_all_queued)


async def test_nothing_acknowledged_is_lost_on_sqlite(tmp_path: Path) -> None:
    with forked_gateway(tmp_path / "home") as running:
        accepted = await kill_under_load(running, KILLS)
        assert len(accepted) >= KILLS
        await assert_nothing_lost(running, accepted)


async def test_nothing_acknowledged_is_lost_on_postgresql(
    tmp_path: Path, postgres: PostgresServer, migrated_postgres: str
) -> None:
    url = postgres.create_database(migrated_postgres)
    with (
        valkey_server() as valkey,
        forked_gateway(tmp_path / "home", database_url=url, redis_url=valkey.url) as running,
    ):
        accepted = await kill_under_load(running, KILLS)
        assert len(accepted) >= KILLS
        await assert_nothing_lost(running, accepted)
