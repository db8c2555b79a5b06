"""One run: a load and faults, then calm until everything is done, and the evidence of it."""

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from random import Random

from rich.console import Console

from chaos.client import Client
from chaos.evidence import Evidence, gather_evidence, leftovers, unfinished
from chaos.exam import examine
from chaos.faults import Storm, minimum_of
from chaos.report import show_progress
from chaos.town import Town
from gateways import eventually
from hookline.domain.errors import HooklineError
from hookline.storage.database import Database, open_database

LEAST_PATIENCE = 60
DRAIN_SECONDS = 240
STALLED_SECONDS = 45
MOST_UNFINISHED = 100
FORGET_SECONDS = 30
FOLDED_A_MINUTE = 2


@dataclass(frozen=True)
class Plan:
    """How long, how much, and by which seed."""

    minutes: float
    rate: float
    seed: int


async def run(town: Town, plan: Plan, screen: Console) -> Evidence:
    """Let it rage, and tell what is left."""
    storm = Storm(town, Random(f"{plan.seed} faults"))
    client = Client(town.urls, Random(f"{plan.seed} client"), plan.rate)
    minimum = minimum_of((*storm.of_servers, *storm.of_workers), plan.minutes)
    database = open_database(town.gateways[0].resolved_database_url)
    try:
        if plan.minutes > 0:
            for hand in town.hands:
                hand.start()
            pacer = asyncio.create_task(_pace(client, database))
            await _rage(storm, client, plan, minimum, screen)
            _ = pacer.cancel()
            screen.print("the faults are over; waiting until everything is done")
        await _drain(town, database)
        gathered = await gather_evidence(town, database, client.ledger, storm.happened, minimum)
        evidence = replace(gathered, least_folded=int(plan.minutes * FOLDED_A_MINUTE))
        if await unfinished(database):
            return replace(evidence, exam=["not taken, since not everything was done"])
        screen.print("examining the queue in the calm")
        return replace(evidence, exam=await examine(town, database))
    finally:
        await database.close()


async def _pace(client: Client, database: Database) -> None:
    """Hold the client back while much is to be done: a slow machine would not get done with it."""
    while True:
        with suppress(HooklineError):
            client.is_held_back = await unfinished(database) > MOST_UNFINISHED
        await asyncio.sleep(1)


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
    """Wait until all is finished and forgotten, as long as there is progress; the verdict tells the rest."""
    left, began = await unfinished(database), time.monotonic()
    with suppress(TimeoutError):
        while left and time.monotonic() - began < DRAIN_SECONDS:
            left = await _until_fewer(database, left)
        await eventually(partial(_is_forgotten, town), FORGET_SECONDS)


async def _until_fewer(database: Database, left: int) -> int:
    now = left

    async def are_fewer() -> bool:
        nonlocal now
        now = await unfinished(database)
        return now < left

    await eventually(are_fewer, STALLED_SECONDS)
    return now


async def _is_forgotten(town: Town) -> bool:
    with town.redis() as redis:
        return not leftovers(redis)
