"""One worker that asks in turn and knows what should come: the queue after a storm, without anybody else."""

import itertools
import secrets
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from math import ceil
from random import Random

import httpx
from redis import Redis
from sqlalchemy import select, update

from chaos.client import Client, Sent, comment
from chaos.likeness import unlike
from chaos.town import Town
from gateways import eventually
from hookline.domain.worker_messages import (
    Assigned,
    ClaimRequest,
    CompleteRequest,
    DeferRequest,
    HeartbeatRequest,
    ReleaseRequest,
    WaitRequest,
)
from hookline.queue.layout import Partition, partitions
from hookline.storage.database import Database
from hookline.storage.models import TaskRow
from hookline.worker.client import WorkerClient

SOON = 20.0
CLAIM_SECONDS = 15.0
FIRST_NUMBER = 5_000_000


class SurprisedError(Exception):
    """Something else came than should have."""


@dataclass
class Examiner:
    """Posts, claims and ends, one after the other."""

    client: Client
    worker: WorkerClient
    database: Database
    redis: Redis
    partition: Partition
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(FIRST_NUMBER))
    sent: dict[str, Sent] = field(default_factory=dict)

    async def post(self, repository: str, issue: int, priority: str) -> str:
        """Ask for a task; returns when the queue holds it."""
        number = next(self.numbers)
        webhook = comment(number, repository, issue, f"@agent fix it priority={priority}")
        sent = Sent(number, "ask", repository, issue, webhook)
        task = await self.client.send(sent)
        self.sent[task] = sent
        await self.until_held(task)
        return task

    async def withdraw(self, task: str) -> None:
        """Delete the comment that asked."""
        of = self.sent[task]
        webhook = comment(of.number, of.repository, of.issue, "@agent fix it", "deleted")
        _ = await self.client.send(Sent(of.number, "withdraw", of.repository, of.issue, webhook))

    async def cancel(self, task: str) -> None:
        """Ask in its conversation that it ends."""
        of = self.sent[task]
        webhook = comment(next(self.numbers), of.repository, of.issue, "@agent cancel")
        _ = await self.client.send(Sent(of.number, "cancel", of.repository, of.issue, webhook))

    async def claim_unheard(self, claim: str, most: int = 1, wait: float = 1) -> Sequence[Assigned]:
        """Claim under this name, and give no sign of life."""
        return (await self.worker.claim(ClaimRequest(claim_id=claim, most=most, wait_seconds=wait))).tasks

    async def claim(self, most: int = 1, wait: float = CLAIM_SECONDS) -> Sequence[Assigned]:
        """Claim, and keep what comes."""
        tasks = await self.claim_unheard(secrets.token_hex(8), most, wait)
        if tasks:
            await self.beat(*tasks)
        return tasks

    async def beat(self, *tasks: Assigned) -> None:
        """A sign of life."""
        tokens = tuple(assigned.lease_token for assigned in tasks)
        _ = await self.worker.heartbeat(HeartbeatRequest(lease_tokens=tokens))

    async def expect(self, *wanted: str) -> Assigned:
        """Claim and complete until the last of these, which must come in this order; tells the last."""
        for task in wanted:
            assigned = await self.expect_to_run(task)
            await self.complete(assigned)
        return assigned

    async def expect_to_run(self, wanted: str) -> Assigned:
        """Claim one, which must be this."""
        got = await self.claim()
        if [assigned.task.id for assigned in got] != [wanted]:
            raise SurprisedError(f"{[each.task.id for each in got]} came instead of {wanted}")
        return got[0]

    async def complete(self, *tasks: Assigned) -> None:
        """They succeeded."""
        for assigned in tasks:
            _ = await self.worker.complete(CompleteRequest(lease_token=assigned.lease_token))

    async def release(self, assigned: Assigned) -> str:
        """Give it back, in the same words each time; tells the state."""
        asked = ReleaseRequest(lease_token=assigned.lease_token, reason="examined")
        return (await self.worker.release(asked)).state

    async def defer(self, assigned: Assigned, seconds: float) -> None:
        """Let it come later."""
        asked = DeferRequest(lease_token=assigned.lease_token, reason="examined", seconds=seconds)
        _ = await self.worker.defer(asked)

    async def wait(self, assigned: Assigned, seconds: float) -> None:
        """Let it wait for a person who does not come."""
        asked = WaitRequest(lease_token=assigned.lease_token, question="examined", seconds=seconds)
        _ = await self.worker.wait(asked)

    async def hold(self, assigned: Assigned, seconds: float) -> None:
        """Keep a lease for a while, each sign of life a part of it."""
        asked = HeartbeatRequest(lease_tokens=(assigned.lease_token,), wait_seconds=1)
        for _ in range(ceil(seconds)):
            _ = await self.worker.heartbeat(asked)

    async def make_older(self, task: str, age: timedelta) -> None:
        """As if it had been accepted longer ago; the queue learns it when it is filled again."""
        async with self.database.write() as connection:
            here = TaskRow.id == task
            accepted = (await connection.execute(select(TaskRow.accepted_at).where(here))).scalar_one()
            _ = await connection.execute(update(TaskRow).where(here).values(accepted_at=accepted - age))

    async def until_held(self, *tasks: str) -> None:
        """Wait until the queue holds these."""

        async def is_so() -> bool:
            return None not in self.redis.hmget(self.partition.tasks, tasks)

        await eventually(is_so, SOON)

    async def until_state(self, task: str, state: str) -> None:
        """Wait until the database says so."""

        async def is_so() -> bool:
            async with self.database.read() as connection:
                query = select(TaskRow.state).where(TaskRow.id == task)
                return (await connection.execute(query)).scalar_one() == state

        await eventually(is_so, SOON)

    async def compare(self, *tasks: str) -> None:
        """The queue must hold these as the database says, and nothing else."""
        found = await unlike(self.database, self.redis, self.partition, tasks)
        if found:
            raise SurprisedError("; ".join(found[:2]))


@asynccontextmanager
async def examiner(town: Town, database: Database) -> AsyncIterator[Examiner]:
    """The examiner works as the first of the workers, all of whom are gone."""
    client = Client(town.gateway.url, Random(0), 1)
    async with httpx.AsyncClient(base_url=town.gateway.admin_url) as http:
        with town.redis() as redis:
            worker = WorkerClient(http, town.hands[0].token)
            yield Examiner(client, worker, database, redis, partitions(1)[0])
