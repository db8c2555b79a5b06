"""One run: a load and faults, then calm until everything is done, and the evidence of it."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from random import Random

from rich.console import Console

from chaos.client import Client
from chaos.evidence import Evidence, gather_evidence, leftovers, unfinished
from chaos.exam import examine
from chaos.faults import Storm, minimum_of
from chaos.report import show_progress
from chaos.town import Town
from gateways import eventually
from hookline.storage.database import Database, open_database

LEAST_PATIENCE = 60
DRAIN_SECONDS = 90
FORGET_SECONDS = 30


@dataclass(frozen=True)
class Plan:
    """How long, how much, and by which seed."""

    minutes: float
    rate: float
    seed: int


async def run(town: Town, plan: Plan, screen: Console) -> Evidence:
    """Let it rage, and tell what is left."""
    storm = Storm(town, Random(f"{plan.seed} faults"))
    client = Client(town.gateway.url, Random(f"{plan.seed} client"), plan.rate)
    minimum = minimum_of((*storm.of_servers, *storm.of_workers), plan.minutes)
    if plan.minutes > 0:
        for hand in town.hands:
            hand.start()
        await _rage(storm, client, plan, minimum, screen)
        screen.print("the faults are over; waiting until everything is done")
    database = open_database(town.gateway.resolved_database_url)
    try:
        await _drain(town, database)
        evidence = await gather_evidence(town, database, client.ledger, storm.happened, minimum)
        screen.print("examining the queue in the calm")
        return replace(evidence, exam=await examine(town, database))
    finally:
        await database.close()


async def _rage(storm: Storm, client: Client, plan: Plan, minimum: dict[str, int], screen: Console) -> None:
    """As long as it should; then on, for a minute or as long again, until each kind happened often enough."""
    seconds = plan.minutes * 60
    is_over = asyncio.Event()
    progress = asyncio.create_task(show_progress(screen, storm, client, seconds))
    try:
        async with asyncio.TaskGroup() as group:
            _ = group.create_task(storm.rage_until(is_over))
            _ = group.create_task(client.send_until(is_over))
            await asyncio.sleep(seconds)
            with suppress(TimeoutError):
                async with asyncio.timeout(max(seconds, LEAST_PATIENCE)):
                    await storm.until_each_happened(minimum)
            is_over.set()
    finally:
        _ = progress.cancel()


async def _drain(town: Town, database: Database) -> None:
    """Wait until all is finished and forgotten; what is not, in this time, the verdict will tell."""

    async def is_done() -> bool:
        return await unfinished(database) == 0

    async def is_forgotten() -> bool:
        with town.redis() as redis:
            return not leftovers(redis)

    with suppress(TimeoutError):
        await eventually(is_done, DRAIN_SECONDS)
        await eventually(is_forgotten, FORGET_SECONDS)
