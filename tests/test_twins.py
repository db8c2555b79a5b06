"""What a provider tells twice in different words becomes one task, whichever is first, at once or in turn."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, update

from databases import PATIENT_SECONDS
from hookline.bootstrap import make_handlers
from hookline.clock import new_id, utc_now
from hookline.core.intake import Intake, IntakeLimits
from hookline.domain.delivery import Accepted, Delivery, Duplicate, RequestHead, Verdict
from hookline.domain.ids import DeliveryId, TaskId
from hookline.domain.intake import Submission
from hookline.domain.outcome import TaskRequested
from hookline.domain.reading import TaskFilter
from hookline.domain.rules import Caps
from hookline.domain.webhook import WebhookHandler
from hookline.gateway.receipts import make_receipt
from hookline.reading import make_insights
from hookline.registry import TRAITS
from hookline.settings import load_settings
from hookline.storage.database import Database
from hookline.storage.ingest import SqlIngestStore
from hookline.storage.models import DedupeKeyRow, TaskRow
from signed_webhooks import SECRETS, Webhook, github, jira, load, sentry, slack
from test_intake import Witness

PATIENT = IntakeLimits(patience=timedelta(seconds=PATIENT_SECONDS))


def _body(provider: str, fixture: str) -> bytes:
    return json.dumps(load(provider, fixture)).encode()


TWINS = {
    "github": lambda: (
        github("issue_comment", _body("github", "issue_comment__mention")),
        github("issue_comment", _body("github", "issue_comment__mention_app_delivery")),
    ),
    "jira": lambda: (
        jira(_body("jira", "comment_created__mention"), "delivery-1"),
        jira(_body("jira", "issue_updated__commented"), "delivery-2"),
    ),
    "slack": lambda: (
        slack(_body("slack", "message__mention_in_channel")),
        slack(_body("slack", "app_mention__in_channel")),
    ),
    "sentry": lambda: (
        sentry("issue", _body("sentry", "issue__created")),
        sentry("event_alert", _body("sentry", "event_alert__triggered")),
    ),
}


@dataclass
class Counter:
    """A real intake over a real database, which has not begun to commit."""

    database: Database
    handlers: dict[str, WebhookHandler]
    witness: Witness
    intake: Intake

    def understood(self, webhook: Webhook) -> Submission:
        """What a webhook asks for, once it is verified."""
        handler = self.handlers[webhook.path]
        head = RequestHead(webhook.headers, utc_now(), "203.0.113.7")
        delivery = Delivery(DeliveryId(new_id()), head, webhook.body)
        handler.verify(delivery)
        outcome = handler.interpret(delivery)
        assert isinstance(outcome, TaskRequested)
        return Submission(make_receipt(handler, delivery), outcome, TaskId(new_id()))

    async def at_once(self, *submissions: Submission) -> list[Verdict]:
        answers = [self.intake.submit(submission) for submission in submissions]
        self.intake.start()
        return [await answer for answer in answers]

    async def in_turn(self, *submissions: Submission) -> list[Verdict]:
        self.intake.start()
        return [await self.intake.submit(submission) for submission in submissions]


@pytest.fixture
async def counter(database: Database, tmp_path: Path) -> AsyncIterator[Counter]:
    secrets = {variable: secret.decode() for variable, secret in SECRETS.items()}
    settings = load_settings({"HOOKLINE_HOME": str(tmp_path), **secrets}, TRAITS, {})
    handlers = {handler.source.path: handler for handler in make_handlers(settings)}
    witness = Witness()
    intake = Intake(SqlIngestStore(database, Caps()), witness, witness, 1, PATIENT)
    yield Counter(database, handlers, witness, intake)
    await intake.stop()


async def _end(database: Database, task: Submission) -> None:
    """Let a task be over, as if an agent had done it: what it held while it was open is free again."""
    async with database.write() as connection:
        is_it = TaskRow.id == task.task_id
        await connection.execute(update(TaskRow).where(is_it).values(state="succeeded", open_key=None))
        await connection.execute(delete(DedupeKeyRow).where(DedupeKeyRow.key == task.outcome.open_key))


def test_every_provider_has_its_twins() -> None:
    assert TWINS.keys() == TRAITS.keys()


@pytest.mark.parametrize("batches", [[2], [1, 1]], ids=["in one batch", "in two batches"])
@pytest.mark.parametrize("is_reversed", [False, True], ids=["as told", "the other way round"])
@pytest.mark.parametrize("provider", sorted(TWINS))
async def test_twins_become_one_task(
    counter: Counter, provider: str, is_reversed: bool, batches: list[int]
) -> None:
    told = [counter.understood(webhook) for webhook in TWINS[provider]()]
    first, second = reversed(told) if is_reversed else told
    commit = counter.at_once if batches == [2] else counter.in_turn
    assert await commit(first, second) == [Accepted(first.task_id), Duplicate(first.task_id)]
    assert counter.witness.sizes == batches
    assert counter.witness.fed == [first.task_id]

    insights = make_insights(counter.database)
    (task,) = (await insights.tasks(TaskFilter(), None, 10)).items
    assert task.id == first.task_id
    parts = {part.delivery.id: part.role for part in (await insights.task(task.id)).deliveries}
    assert parts == {first.receipt.id: "origin", second.receipt.id: "duplicate"}
    other = (await insights.delivery(second.receipt.id)).delivery
    assert (other.status, other.task_id) == ("duplicate", first.task_id)


@pytest.mark.parametrize("is_reversed", [False, True], ids=["as told", "the other way round"])
@pytest.mark.parametrize("provider", sorted(TWINS))
async def test_a_twin_that_comes_after_the_task_is_over_starts_no_other(
    counter: Counter, provider: str, is_reversed: bool
) -> None:
    told = [counter.understood(webhook) for webhook in TWINS[provider]()]
    first, second = reversed(told) if is_reversed else told
    assert await counter.in_turn(first) == [Accepted(first.task_id)]
    await _end(counter.database, first)
    assert await counter.intake.submit(second) == Duplicate(first.task_id)
