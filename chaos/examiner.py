"""One worker that asks in turn and knows what should come: the queue after a storm, without anybody else."""

import asyncio
import itertools
import secrets
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

import pytest
from redis import Redis
from sqlalchemy import select, update

from chaos.balancer import client_of
from chaos.client import Client, Sent, asking, cancelling, editing, withdrawing
from chaos.likeness import held_by, miscounts, unlike
from chaos.places import Comment
from chaos.town import Town
from gateways import eventually
from hookline.domain.errors import HooklineError
from hookline.domain.ids import TaskId
from hookline.domain.queue import QueuedTask
from hookline.domain.worker_messages import (
    Assigned,
    ClaimRequest,
    CompleteRequest,
    DeferRequest,
    HeartbeatRequest,
    ReleaseRequest,
    WaitRequest,
)
from hookline.queue import scripts
from hookline.queue.connection import open_redis
from hookline.queue.layout import OF_TASKS, Partition
from hookline.queue.redis_queue import RedisTaskQueue
from hookline.storage.database import Database
from hookline.storage.ledger import SqlQueueLedger
from hookline.storage.models import TaskRow
from hookline.worker.client import WorkerClient
from queue_mutants import MUTANTS

SOON = 20.0
BEAT_SECONDS = 0.5
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
    queue: RedisTaskQueue
    partitions: Sequence[Partition]
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(FIRST_NUMBER))
    sent: dict[str, Sent] = field(default_factory=dict)
    kept: dict[str, Assigned] = field(default_factory=dict)
    is_silent: bool = False

    async def keep(self) -> None:
        """Signs of life of all that was claimed and is not over, until cancelled: a busy machine is slow."""
        while True:
            if self.kept and not self.is_silent:
                with suppress(HooklineError):
                    await self.beat(*self.kept.values())
            await asyncio.sleep(BEAT_SECONDS)

    async def post(self, lane: str, issue: int, priority: str) -> str:
        """Ask for a task; returns when the queue holds it."""
        sent = asking(Comment(next(self.numbers), lane, issue, f"@agent fix it priority={priority}"))
        task = await self.client.send(sent)
        self.sent[task] = sent
        await self.until_held(task)
        return task

    async def withdraw(self, task: str) -> None:
        """Delete the comment that asked."""
        _ = await self.client.send(withdrawing(self.sent[task]))

    async def edit(self, task: str, priority: str) -> None:
        """Ask for another priority; returns when the queue was told."""
        _ = await self.client.send(editing(self.sent[task], f"@agent fix it priority={priority}"))

        async def is_so() -> bool:
            async with self.database.read() as connection:
                query = select(TaskRow.revision, TaskRow.queue_epoch).where(TaskRow.id == task)
                revision, epoch = (await connection.execute(query)).one()
                return revision > 0 and epoch != ""

        await eventually(is_so, SOON)

    async def cancel(self, task: str) -> None:
        """Ask in its conversation that it ends."""
        _ = await self.client.send(cancelling(self.sent[task], next(self.numbers)))

    async def claim_unheard(self, claim: str, most: int = 1, wait: float = 1) -> Sequence[Assigned]:
        """Claim under this name, and give no sign of life."""
        return (await self.worker.claim(ClaimRequest(claim_id=claim, most=most, wait_seconds=wait))).tasks

    async def claim(self, most: int = 1, wait: float = CLAIM_SECONDS) -> Sequence[Assigned]:
        """Claim, and keep what comes."""
        tasks = await self.claim_unheard(secrets.token_hex(8), most, wait)
        if tasks:
            await self.beat(*tasks)
        self.kept |= {assigned.lease_token: assigned for assigned in tasks}
        return tasks

    def drop(self, assigned: Assigned) -> str:
        """Be heard of no more; tells the lease's token."""
        _ = self.kept.pop(assigned.lease_token, None)
        return assigned.lease_token

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

    async def expect_at_once(self, *wanted: str) -> None:
        """Claim as many, which must be these in this order, and complete them."""
        got = await self.claim(most=len(wanted))
        if [assigned.task.id for assigned in got] != list(wanted):
            raise SurprisedError(f"{[each.task.id for each in got]} came at once instead of {list(wanted)}")
        await self.complete(*got)

    async def expect_to_run(self, wanted: str) -> Assigned:
        """Claim one, which must be this."""
        got = await self.claim()
        if [assigned.task.id for assigned in got] != [wanted]:
            raise SurprisedError(f"{[each.task.id for each in got]} came instead of {wanted}")
        return got[0]

    async def complete(self, *tasks: Assigned) -> None:
        """They succeeded."""
        for assigned in tasks:
            _ = await self.worker.complete(CompleteRequest(lease_token=self.drop(assigned)))

    async def release(self, assigned: Assigned) -> str:
        """Give it back, in the same words each time; tells the state."""
        asked = ReleaseRequest(lease_token=self.drop(assigned), reason="examined")
        return (await self.worker.release(asked)).state

    async def defer(self, assigned: Assigned, seconds: float) -> None:
        """Let it come later."""
        asked = DeferRequest(lease_token=self.drop(assigned), reason="examined", seconds=seconds)
        _ = await self.worker.defer(asked)

    async def wait(self, assigned: Assigned, seconds: float) -> None:
        """Let it wait for a person who does not come."""
        asked = WaitRequest(lease_token=self.drop(assigned), question="examined", seconds=seconds)
        _ = await self.worker.wait(asked)

    async def make_older(self, task: str, age: timedelta) -> None:
        """As if it had been accepted longer ago; the queue learns it when it is filled again."""
        async with self.database.write() as connection:
            here = TaskRow.id == task
            accepted = (await connection.execute(select(TaskRow.accepted_at).where(here))).scalar_one()
            _ = await connection.execute(update(TaskRow).where(here).values(accepted_at=accepted - age))

    async def until_held(self, *tasks: str) -> None:
        """Wait until the queue holds these."""

        async def is_so() -> bool:
            names = [OF_TASKS + task for task in tasks]
            held = [self.redis.hmget(partition.records, names) for partition in self.partitions]
            return all(any(of_one) for of_one in zip(*held, strict=True))

        await eventually(is_so, SOON)

    async def until_forgotten(self, task: str) -> None:
        """Wait until the queue holds it no more."""

        async def is_so() -> bool:
            return not any(self.redis.hexists(each.records, OF_TASKS + task) for each in self.partitions)

        await eventually(is_so, SOON)

    async def until_state(self, task: str, state: str) -> None:
        """Wait until the database says so."""

        async def is_so() -> bool:
            async with self.database.read() as connection:
                query = select(TaskRow.state).where(TaskRow.id == task)
                return (await connection.execute(query)).scalar_one() == state

        await eventually(is_so, SOON)

    async def as_queued(self, task: str) -> QueuedTask:
        """How the queue should know it."""
        (queued,) = await SqlQueueLedger(self.database).as_queued([TaskId(task)])
        return queued

    async def count(self) -> None:
        """The queue must count what it holds."""
        held = [each for part in self.partitions for each in held_by(self.redis, part).values()]
        for sentence in miscounts(held, await self.queue.stats()):
            raise SurprisedError(sentence)

    async def compare(self, *tasks: str) -> None:
        """The queue must hold these as the database says, and nothing else."""
        found = await unlike(self.database, self.redis, self.partitions, tasks)
        if found:
            raise SurprisedError("; ".join(found[:2]))


@asynccontextmanager
async def examiner(town: Town, database: Database) -> AsyncIterator[Examiner]:
    """The examiner works as the first of the workers, all of whom are gone.

    Its own hand on the queue has the same seeded fault as the gateway's, where there is one.
    """
    client = Client(town.urls, Random(0), 1)
    queue = _queue_of(town)
    async with client_of(town.admin_urls, Random(0)) as http:
        with town.redis() as redis:
            worker = WorkerClient(http, town.hands[0].token)
            made = Examiner(client, worker, database, redis, queue, town.partitions)
            keeper = asyncio.create_task(made.keep())
            try:
                yield made
            finally:
                _ = keeper.cancel()
                await queue.close()


def _queue_of(town: Town) -> RedisTaskQueue:
    with pytest.MonkeyPatch.context() as patch:
        if town.size.mutant is not None:
            patch.setattr(scripts, "source_of", MUTANTS[town.size.mutant].source_of)
        return RedisTaskQueue(open_redis(town.valkey.url), partition_count=town.size.partitions)
