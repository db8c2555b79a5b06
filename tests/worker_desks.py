"""The worker routes over a real database and queue, with clients of several workers, on one clock."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import fakeredis
import httpx
from fastapi import FastAPI

from hookline.core.claiming import Claiming
from hookline.core.leases import CallOffs, Leases
from hookline.core.tokens import TokenKind, hash_of, make_token
from hookline.core.waiting_line import WaitingLine
from hookline.domain.ids import TaskId
from hookline.domain.rules import Plan
from hookline.domain.worker_messages import Assigned, ClaimRequest
from hookline.queue.redis_queue import RedisTaskQueue
from hookline.storage.database import Database
from hookline.storage.lifecycle import SqlLifecycleStore
from hookline.storage.work_records import MOST_LOGGED_BYTES, SqlWorkRecords
from hookline.storage.workers import SqlLeaseReader, SqlWorkerRegister
from hookline.worker.client import WorkerClient
from hookline.worker_api.desk import WorkerDesk
from hookline.worker_api.refusals import add_refusals
from hookline.worker_api.routes import worker_routes
from lives import Office
from submissions import CONVERSATION, PLAN

MINUTE = timedelta(minutes=1)


@dataclass
class Wire(httpx.AsyncBaseTransport):
    """Carries calls to the app; loses the answers of the next ones as often as it is told to."""

    app: FastAPI
    losses: int = 0
    answers: list[httpx.Response] = field(default_factory=list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await httpx.ASGITransport(self.app).handle_async_request(request)
        if self.losses:
            self.losses -= 1
            raise httpx.ReadError("the answer was lost", request=request)
        return answer


class Gate:
    """A gateway as workers see it."""

    def __init__(self, database: Database, most_logged_bytes: int = MOST_LOGGED_BYTES) -> None:
        self.office = Office(database, SqlLifecycleStore(database))
        clock, life = self.office.sender.clock, self.office.store
        self.queue = RedisTaskQueue(fakeredis.FakeAsyncRedis(), clock=clock)
        self.line = WaitingLine()
        self.register = SqlWorkerRegister(database)
        claiming = Claiming(self.queue, life, self.line, clock)
        desk = WorkerDesk(
            register=self.register,
            lease_reader=SqlLeaseReader(database),
            claiming=claiming,
            leases=Leases(self.queue, life, self.office.ledger, claiming, CallOffs(), clock),
            records=SqlWorkRecords(database, most_logged_bytes),
            clock=clock,
        )
        app = FastAPI()
        app.router.routes.extend(worker_routes(desk).routes)
        add_refusals(app)
        self.wire = Wire(app)
        self.http = httpx.AsyncClient(transport=self.wire, base_url="http://gateway.test")

    async def worker(self, name: str) -> WorkerClient:
        token = make_token(TokenKind.WORKER)
        await self.register.add(name, hash_of(token), self.office.now)
        return WorkerClient(self.http, token)

    def stranger(self, token: str) -> WorkerClient:
        return WorkerClient(self.http, token)

    async def accept(self, conversation: str = CONVERSATION, plan: Plan = PLAN, text: str = "it") -> TaskId:
        task_id = await self.office.accept(conversation, plan=plan, text=text)
        await self.queue.enqueue(await self.office.ledger.as_queued([task_id]))
        return task_id

    async def close(self) -> None:
        self.line.close()
        await self.http.aclose()
        await self.queue.close()


async def claimed(worker: WorkerClient, claim_id: str = "c1") -> Assigned:
    (assigned,) = (await worker.claim(ClaimRequest(claim_id=claim_id))).tasks
    return assigned


def fields_of_kind(model: type, wanted: Callable[[object], bool]) -> Mapping[str, object]:
    """The fields of a message whose type is of some kind."""
    return {name: info.annotation for name, info in model.model_fields.items() if wanted(info.annotation)}
