"""A fifth provider is one handler and one registry entry: here is one, and nothing else knows of it."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from apps import Apps, serving
from contracts.handler_contract import hex_hmac
from gateways import eventually
from hookline.core.answers import standard_answer
from hookline.core.commands import find_command, mention_of
from hookline.core.keys import KeySpace
from hookline.core.payloads import ProviderModel, parse_json
from hookline.core.samples import SampleBook
from hookline.core.signatures import HmacSignature
from hookline.domain.command import Prose
from hookline.domain.delivery import Answer, BodySignature, Delivery, Headers, RequestHead, Verdict
from hookline.domain.ids import Clock
from hookline.domain.outcome import Actor, Facts, Ignored, Outcome, Reason, TaskRequested, Trigger
from hookline.domain.policy import Candidate, Policy, Refused
from hookline.domain.provider import ProviderTraits
from hookline.domain.source import Source
from hookline.reading import make_insights
from hookline.registry import PROVIDERS, Askers, Provider
from server_process import TestServer

pytestmark = pytest.mark.integration

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


@pytest.fixture
async def apps(tmp_path: Path, migrated_sqlite: Path, valkey: TestServer) -> AsyncIterator[Apps]:
    async with serving(tmp_path, migrated_sqlite, valkey.url, {"FORGE_SECRET": SECRET}, FIVE) as apps:
        apps.gateway.background.start()
        yield apps
        await apps.gateway.background.stop()


def signed(body: bytes) -> Mapping[str, str]:
    return {"content-type": "application/json", "x-forge-signature": hex_hmac(SECRET.encode(), body)}


async def test_its_signed_webhook_becomes_one_queued_task(apps: Apps) -> None:
    body = b'{"id":7,"ticket":"APP-12","author":"mona","text":"@agent fix the login test priority=high"}'
    first = await apps.public.post("/webhooks/forge", content=body, headers=signed(body))
    again = await apps.public.post("/webhooks/forge", content=body, headers=signed(body))
    assert (first.status_code, again.status_code) == (202, 200)
    task_id = first.json()["task_id"]
    assert again.json() == {"status": "duplicate", "task_id": task_id}

    async def is_queued() -> bool:
        return await apps.gateway.queue.held(0, 9) == (0, [task_id])

    await eventually(is_queued)
    task = (await make_insights(apps.gateway.database).task(task_id)).task
    assert (task.provider, task.lane, task.conversation) == ("forge", "forge:APP", "forge:APP-12")
    assert (task.verb.value, task.text, task.band.name) == ("fix", "the login test", "HIGH")


async def test_it_is_held_to_the_answers_of_all_providers(apps: Apps) -> None:
    quiet = b'{"id":8,"ticket":"APP-12","author":"mona","text":"no command"}'
    ignored = await apps.public.post("/webhooks/forge", content=quiet, headers=signed(quiet))
    forged = await apps.public.post("/webhooks/forge", content=quiet, headers=signed(b"another body"))
    broken = await apps.public.post("/webhooks/forge", content=b"{}", headers=signed(b"{}"))
    assert ignored.json() == {"status": "ignored", "reason": "no_command"}
    assert (forged.status_code, broken.status_code) == (401, 400)
    assert broken.json()["error"] == "id: Field required"


async def test_the_admin_app_counts_it_by_its_name(apps: Apps) -> None:
    body = b'{"id":9,"ticket":"APP-12","author":"mona","text":"@agent fix it"}'
    await apps.public.post("/webhooks/forge", content=body, headers=signed(body))
    shown = (await apps.admin.get("/metrics")).text.splitlines()
    assert 'webhook_requests_total{provider="forge",status="accepted"} 1.0' in shown


async def test_without_its_secret_it_has_no_route_and_the_others_have_theirs(
    tmp_path: Path, migrated_sqlite: Path, valkey: TestServer
) -> None:
    secrets = {"GITHUB_WEBHOOK_SECRET": "a github secret for tests only"}
    async with serving(tmp_path, migrated_sqlite, valkey.url, secrets, FIVE) as apps:
        forge = await apps.public.post("/webhooks/forge", content=b"{}", headers=signed(b"{}"))
        github = await apps.public.post("/webhooks/github", content=b"{}", headers=signed(b"{}"))
    assert (forge.status_code, github.status_code) == (404, 401)
    assert ("forge", "FORGE_SECRET") in {
        (missing.provider, missing.variable) for missing in apps.gateway.settings.secretless
    }
