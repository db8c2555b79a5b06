"""A fifth provider is one handler and one registry entry: here is one, and nothing else knows of it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import fakeredis
import pytest
from httpx import ASGITransport, AsyncClient
from prometheus_client import CollectorRegistry

from contracts.handler_contract import hex_hmac
from gateways import eventually
from hookline.bootstrap import make_handlers, make_insights, new_id, utc_now
from hookline.core.answers import standard_answer
from hookline.core.commands import find_command, mention_of
from hookline.core.intake import Intake
from hookline.core.keys import KeySpace
from hookline.core.metrics import Metrics
from hookline.core.notebook import Notebook
from hookline.core.payloads import ProviderModel, parse_json
from hookline.core.queue_feed import QueueFeed
from hookline.core.samples import SampleBook
from hookline.core.signatures import HmacSignature
from hookline.domain.command import Prose
from hookline.domain.delivery import Answer, BodySignature, Delivery, Headers, RequestHead, Verdict
from hookline.domain.ids import Clock
from hookline.domain.outcome import Actor, Facts, Ignored, Outcome, Reason, TaskRequested, Trigger
from hookline.domain.policy import Candidate, Policy, Refused
from hookline.domain.provider import ProviderTraits
from hookline.domain.rules import Caps
from hookline.domain.source import Source
from hookline.gateway.admission import Admission, AdmissionLimits
from hookline.gateway.body import BodyDeadline
from hookline.gateway.large_bodies import LargeBodies
from hookline.gateway.peers import PeerAddresses
from hookline.gateway.public_app import PublicApp
from hookline.gateway.route import RouteParts, WebhookRoute
from hookline.queue.redis_queue import RedisTaskQueue
from hookline.registry import PROVIDERS, Askers, Provider
from hookline.settings import load_settings
from hookline.storage.database import Database
from hookline.storage.ingest import SqlIngestStore
from hookline.storage.ledger import SqlQueueLedger

SECRET = "a forge secret for tests only"


class ForgeNote(ProviderModel):
    """A note on a ticket of the forge."""

    id: int
    ticket: str
    author: str
    text: str


@dataclass(frozen=True, slots=True)
class ForgeHandler:
    """Understands the forge's notes; implements `WebhookHandler`."""

    source: Source
    policy: Policy
    clock: Clock
    content_types = frozenset({"application/json"})
    kept_headers = frozenset({"content-type"})

    def signature(self, head: RequestHead, /) -> BodySignature:
        return HmacSignature(self.source.provider, self.source.secrets, head.headers.get("x-forge-signature"))

    def verify(self, delivery: Delivery, /) -> None:
        signature = self.signature(delivery.head)
        signature.update(delivery.body)
        signature.check()

    def interpret(self, delivery: Delivery, /) -> Outcome:
        note = parse_json(self.source.provider, ForgeNote, delivery.body)
        keys = KeySpace(self.source.namespace)
        facts = Facts(
            event="note",
            lane=keys.lane(note.ticket.partition("-")[0]),
            conversation=keys.conversation(note.ticket),
            origin=keys.origin(f"note/{note.id}"),
            actor=Actor(note.author, note.author),
        )
        command = find_command(Prose(note.text, note.text), mention_of(self.policy.handle))
        if command is None:
            return Ignored(facts, Reason.NO_COMMAND)
        provider, trigger = self.source.provider, Trigger.MENTION
        ruling = self.policy.rule_on(
            Candidate(provider, self.source.name, facts, trigger, entitled=True, command=command)
        )
        if isinstance(ruling, Refused):
            return Ignored(facts, ruling.reason, ruling.detail)
        claims = (keys.body(delivery.body), keys.subject("note", str(note.id)))
        return TaskRequested(facts, ruling.command, trigger, ruling.plan, claims)

    def redact(self, body: bytes, headers: Headers, /) -> bytes:
        return body

    def acknowledge(self, facts: Facts, verdict: Verdict, /) -> Answer:
        return standard_answer(verdict)


def _sign(body: bytes, at: datetime, secret: bytes, /) -> Mapping[str, str]:
    return {"x-forge-signature": hex_hmac(secret, body)}


FORGE = Provider(
    ProviderTraits("forge", "FORGE_SECRET", paste_at="the forge's settings"),
    ForgeHandler,
    SampleBook({}, _sign),
    Askers("everybody on the forge"),
)
FIVE = {**PROVIDERS, "forge": FORGE}


@asynccontextmanager
async def serving(database: Database, home: Path, queue: RedisTaskQueue) -> AsyncIterator[AsyncClient]:
    """The real public app over real intake and a real database, and a client of it."""
    environment = {"HOOKLINE_HOME": str(home), "FORGE_SECRET": SECRET}
    settings = load_settings(environment, {name: provider.traits for name, provider in FIVE.items()}, {})
    metrics, store = Metrics(CollectorRegistry()), SqlIngestStore(database, Caps())
    feed = QueueFeed(queue, SqlQueueLedger(database))
    intake, notebook = Intake(store, feed, metrics, database.committers), Notebook(store, metrics)
    admission = Admission(AdmissionLimits(), lambda: 0.0)
    large = LargeBodies()
    parts = RouteParts(intake, notebook, admission, metrics, utc_now, new_id, BodyDeadline(), large)
    routes = {handler.source.path: WebhookRoute(handler, parts) for handler in make_handlers(settings, FIVE)}
    app = PublicApp(routes, metrics, PeerAddresses(()))
    for part in (intake, notebook, feed):
        part.start()
    async with AsyncClient(transport=ASGITransport(app), base_url="http://gateway") as client:
        yield client
    for part in (intake, notebook, feed):
        await part.stop()


def signed(body: bytes) -> Mapping[str, str]:
    return {"content-type": "application/json", "x-forge-signature": hex_hmac(SECRET.encode(), body)}


@pytest.fixture
async def queue() -> AsyncIterator[RedisTaskQueue]:
    made = RedisTaskQueue(fakeredis.FakeAsyncRedis())
    yield made
    await made.close()


async def test_its_signed_webhook_becomes_one_queued_task(
    sqlite_database: Database, tmp_path: Path, queue: RedisTaskQueue
) -> None:
    body = b'{"id":7,"ticket":"APP-12","author":"mona","text":"@agent fix the login test priority=high"}'
    async with serving(sqlite_database, tmp_path, queue) as client:
        first = await client.post("/webhooks/forge", content=body, headers=signed(body))
        again = await client.post("/webhooks/forge", content=body, headers=signed(body))
        assert (first.status_code, again.status_code) == (202, 200)
        task_id = first.json()["task_id"]
        assert again.json() == {"status": "duplicate", "task_id": task_id}

        async def is_queued() -> bool:
            return await queue.peek(2) == [task_id]

        await eventually(is_queued)
    task = (await make_insights(sqlite_database).task(task_id)).task
    assert (task.provider, task.lane, task.conversation) == ("forge", "forge:APP", "forge:APP-12")
    assert (task.verb.value, task.text, task.band.name) == ("fix", "the login test", "HIGH")


async def test_it_is_held_to_the_answers_of_all_providers(
    sqlite_database: Database, tmp_path: Path, queue: RedisTaskQueue
) -> None:
    quiet = b'{"id":8,"ticket":"APP-12","author":"mona","text":"no command"}'
    async with serving(sqlite_database, tmp_path, queue) as client:
        ignored = await client.post("/webhooks/forge", content=quiet, headers=signed(quiet))
        forged = await client.post("/webhooks/forge", content=quiet, headers=signed(b"another body"))
        broken = await client.post("/webhooks/forge", content=b"{}", headers=signed(b"{}"))
    assert ignored.json() == {"status": "ignored", "reason": "no_command"}
    assert (forged.status_code, broken.status_code) == (401, 400)
    assert broken.json()["error"] == "id: Field required"
