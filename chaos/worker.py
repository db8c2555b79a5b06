"""A worker process: claims, works a random time, ends each attempt in a random way, and keeps a journal."""

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import TypeVar

from chaos import journal as said
from chaos.balancer import client_of
from chaos.journal import Entry, Journal
from hookline.domain.worker_messages import (
    Assigned,
    ClaimRequest,
    CompleteRequest,
    DeferRequest,
    EndAnswer,
    EndRequest,
    FailRequest,
    HeartbeatRequest,
    ReleaseRequest,
    StopRequest,
    WaitRequest,
)
from hookline.worker.client import GatewayAwayError, LeaseLostError, RefusedError, WorkerClient

ResultT = TypeVar("ResultT")
ENDINGS = {"complete": 68, "retry": 7, "fail": 3, "release": 8, "defer": 8, "wait": 6}
CLAIM_WAIT = 5.0
SHARE_MUTE = 0.04
SHARE_LONG = 0.08
SHARE_NEXT = 0.3
SHARE_ZOMBIE = 0.6


@dataclass(frozen=True)
class Job:
    """What a worker process is started with; `url` names all gateways, by commas."""

    url: str
    name: str
    token: str
    seed: str
    lease: float
    journal: str


class Worker:
    """One process of a worker."""

    def __init__(self, job: Job, client: WorkerClient, journal: Journal) -> None:
        """Keep what it needs; nothing is asked yet."""
        self._job = job
        self._client = client
        self._journal = journal
        self._chance = Random(job.seed)
        self._life = job.seed.rpartition(":")[2]
        self._claims = 0

    async def work(self) -> None:
        """Claim and run until killed."""
        while True:
            asked = self._claim(CLAIM_WAIT, self._chance.choice((1, 1, 1, 2, 3)))
            answer = await self._persist(lambda asked=asked: self._client.claim(asked))
            await self._run_all(answer.tasks)

    def _claim(self, wait: float, most: int) -> ClaimRequest:
        self._claims += 1
        return ClaimRequest(claim_id=f"{self._life}-{self._claims}", most=most, wait_seconds=wait)

    async def _run_all(self, tasks: tuple[Assigned, ...]) -> None:
        while tasks:
            following = await asyncio.gather(*(self._run(assigned) for assigned in tasks))
            tasks = tuple(assigned for more in following for assigned in more)

    async def _run(self, assigned: Assigned) -> tuple[Assigned, ...]:
        entry = Entry(
            time.time(),
            self._job.name,
            self._life,
            said.CLAIMED,
            assigned.task.id,
            assigned.fence,
            assigned.task.conversation,
            told=[said.text for said in assigned.words],
        )
        self._journal.write(entry)
        is_mute = self._chance.random() < SHARE_MUTE
        keeper = asyncio.create_task(asyncio.Event().wait() if is_mute else self._keep(assigned, entry))
        try:
            _ = await asyncio.wait({keeper}, timeout=self._duration())
            return await self._end(assigned, entry, str(keeper.result()) if keeper.done() else "")
        except (LeaseLostError, RefusedError) as error:
            event = said.LOST if isinstance(error, LeaseLostError) else said.REFUSED
            self._write(entry, event, state=str(error))
            return ()
        finally:
            _ = keeper.cancel()

    def _duration(self) -> float:
        if self._chance.random() < SHARE_LONG:
            return self._chance.uniform(1.2, 3) * self._job.lease
        return self._chance.expovariate(4)

    async def _keep(self, assigned: Assigned, entry: Entry) -> str:
        asked = HeartbeatRequest(
            lease_tokens=(assigned.lease_token,), wait_seconds=round(self._job.lease / 4, 3)
        )
        while True:
            self._write(entry, said.BEATING)
            answer = await self._persist(lambda: self._client.heartbeat(asked))
            (lease,) = answer.leases
            self._write(entry, said.HELD, state=lease.status)
            if lease.status != "held":
                return lease.status

    async def _end(self, assigned: Assigned, entry: Entry, status: str) -> tuple[Assigned, ...]:
        if status == "lost" and self._chance.random() >= SHARE_ZOMBIE:
            self._write(entry, said.LOST)
            return ()
        how = "stop" if status == "cancelled" and self._chance.random() < SHARE_ZOMBIE else ""
        how = how or self._chance.choices(tuple(ENDINGS), tuple(ENDINGS.values()))[0]
        mark = f"{self._life}-{self._chance.getrandbits(48):012x}"
        then = self._claim(0, 1) if self._chance.random() < SHARE_NEXT else None
        call = self._ending(how, assigned.lease_token, mark, then)
        self._write(entry, said.ENDING, how=how, mark=mark)
        answer = await self._persist(call)
        self._write(entry, said.ENDED, how=how, mark=mark, state=answer.state)
        return answer.tasks

    def _ending(
        self, how: str, token: str, mark: str, then: ClaimRequest | None
    ) -> Callable[[], Awaitable[EndAnswer]]:
        seconds = round(self._chance.uniform(0.3, 3), 3)
        common = {"lease_token": token, "next": then}
        calls: dict[str, tuple[Callable[[EndRequest], Awaitable[EndAnswer]], EndRequest]] = {
            "complete": (self._client.complete, CompleteRequest(**common, result={"mark": mark})),
            "retry": (self._client.fail, FailRequest(**common, reason=mark, retry_in_seconds=seconds)),
            "fail": (self._client.fail, FailRequest(**common, reason=mark)),
            "release": (self._client.release, ReleaseRequest(**common, reason=mark)),
            "defer": (self._client.defer, DeferRequest(**common, reason=mark, seconds=seconds)),
            "wait": (self._client.wait, WaitRequest(**common, question=mark, seconds=seconds)),
            "stop": (self._client.stop, StopRequest(**common, reason=mark)),
        }
        call, request = calls[how]
        return lambda: call(request)

    async def _persist(self, call: Callable[[], Awaitable[ResultT]]) -> ResultT:
        while True:
            try:
                return await call()
            except GatewayAwayError:
                await asyncio.sleep(self._chance.uniform(0.1, 0.5))

    def _write(self, entry: Entry, event: str, how: str = "", mark: str = "", state: str = "") -> None:
        self._journal.write(
            replace(entry, at=time.time(), event=event, how=how, mark=mark, state=state[:100], told=())
        )


async def main(job: Job) -> None:
    """Work until killed; an error of its own goes into the journal too."""
    journal = Journal(Path(job.journal))
    async with client_of(job.url.split(","), Random(job.seed)) as http:
        try:
            await Worker(job, WorkerClient(http, job.token), journal).work()
        except Exception as error:
            life = job.seed.rpartition(":")[2]
            journal.write(Entry(time.time(), job.name, life, said.FAULTY, state=repr(error)[:500]))
            raise


if __name__ == "__main__":
    url, name, seed, lease, path = sys.argv[1:]
    asyncio.run(main(Job(url, name, os.environ["HOOKLINE_TOKEN"], seed, float(lease), path)))
