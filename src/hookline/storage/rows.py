"""Receipts, outcomes and tasks as rows for the bulk inserts."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from hashlib import sha256
from typing import NamedTuple

from pydantic import JsonValue

from hookline.core.answers import json_bytes
from hookline.core.compression import all_compressed
from hookline.domain.delivery import Accepted, Applied, Duplicate, Passed, Verdict
from hookline.domain.ids import TaskId
from hookline.domain.intake import Note, Receipt, Submission
from hookline.domain.outcome import ControlRequested, Facts, Ignored, TaskRequested
from hookline.domain.task import TaskState
from hookline.domain.text import NAME_LIMIT, TEXT_LIMIT, TITLE_LIMIT, clean, one_line, shorten
from hookline.storage.bulk import BulkInsert, Cells
from hookline.storage.columns import microseconds

_MICRO_USD = 1_000_000

INSERT_DELIVERIES = BulkInsert(
    "deliveries",
    (
        *("id", "provider", "source", "received_at", "remote", "event", "action", "external_id", "lane"),
        *("conversation", "origin", "actor_id", "actor_name", "actor_kind", "url", "title", "status"),
        *("reason", "detail", "rule", "task_id", "replay_of", "size", "sha256", "headers", "body"),
    ),
    (
        *("text", "text", "text", "bigint", "text", "text", "text", "text", "text"),
        *("text", "text", "text", "text", "text", "text", "text", "text"),
        *("text", "text", "text", "text", "text", "bigint", "text", "text", "bytea"),
    ),
)

INSERT_TASKS = BulkInsert(
    "tasks",
    (
        *("id", "state", "band", "accepted_at", "provider", "source", "lane", "conversation", "origin"),
        *("delivery_id", '"trigger"', "verb", '"text"', "title", "url", "requested_by"),
        *("requested_by_name", "rule", "agent", "model", "mode", "budget_micro_usd", "repository"),
        *("base_ref", "open_key", "fold_key"),
    ),
    (
        *("text", "text", "smallint", "bigint", "text", "text", "text", "text", "text"),
        *("text", "text", "text", "text", "text", "text", "text"),
        *("text", "text", "text", "text", "text", "bigint", "text"),
        *("text", "text", "text"),
    ),
)

INSERT_KEYS = BulkInsert(
    "dedupe_keys",
    ("key", "delivery_id", "task_id", "claimed_at"),
    ("text", "text", "text", "bigint"),
    skips_conflicts=True,
)

INSERT_EVENTS = BulkInsert(
    "task_events",
    ("task_id", "seq", "at", "event", "delivery_id", "fence", "data"),
    ("text", "int", "bigint", "text", "text", "bigint", "text"),
)

INSERT_DELIVERY_TASKS = BulkInsert(
    "delivery_tasks",
    ("task_id", "delivery_id", "role"),
    ("text", "text", "text"),
    skips_conflicts=True,
)

INSERT_ALIASES = BulkInsert(
    "conversation_aliases",
    ("alias", "conversation", "created_at"),
    ("text", "text", "bigint"),
    skips_conflicts=True,
)


def stored_bodies(receipts: Sequence[Receipt]) -> list[bytes]:
    """The bodies as they are stored: compressed, where they are not already."""
    fresh = iter(all_compressed([receipt.body for receipt in receipts if not receipt.is_compressed]))
    return [receipt.body if receipt.is_compressed else next(fresh) for receipt in receipts]


def delivery_cells(submission: Submission, verdict: Verdict, body: bytes) -> Cells:
    """A delivery that asked for a task or a control, with what it got."""
    outcome = submission.outcome
    rule = outcome.plan.rule if isinstance(outcome, TaskRequested) else outcome.rule
    detail = _applied(verdict) if isinstance(verdict, Applied) else _dropped(outcome)
    reason = verdict.reason if isinstance(verdict, Passed) else None
    got = _Got(verdict.status, reason, detail, rule, _task_of(verdict))
    return _cells(submission.receipt, outcome.facts, got, body)


def note_cells(note: Note, body: bytes) -> Cells:
    """A delivery that changed nothing."""
    outcome = note.outcome
    is_ignored = isinstance(outcome, Ignored)
    got = _Got("ignored", outcome.reason.value, outcome.detail) if is_ignored else _Got("reply")
    return _cells(note.receipt, outcome.facts, got, body)


def task_cells(submission: Submission, asked: TaskRequested, conversation: str) -> Cells:
    """A new task."""
    facts, plan, receipt, actor = asked.facts, asked.plan, submission.receipt, asked.facts.actor
    return (
        submission.task_id,
        TaskState.QUEUED.value,
        int(plan.band),
        microseconds(receipt.received_at),
        receipt.provider,
        receipt.source,
        stored_lane(submission, asked),
        stored_name(conversation),
        stored_name(facts.origin or conversation),
        receipt.id,
        asked.trigger.value,
        asked.command.verb.value,
        _bounded(asked.command.text, TEXT_LIMIT),
        _bounded(facts.title, TITLE_LIMIT),
        _optional_text(facts.url),
        _optional_name(actor.id if actor else None),
        _optional_name(actor.name if actor else None),
        plan.rule,
        stored_name(plan.agent),
        _optional_name(plan.model),
        plan.mode.value,
        micro_usd(plan.budget_usd),
        _optional_name(plan.repository),
        _optional_name(plan.base),
        asked.open_key,
        fold_key(asked),
    )


def fold_key(asked: TaskRequested) -> str | None:
    """What two tasks of a conversation have in common where one may absorb the other."""
    plan = asked.plan
    if not plan.folds:
        return None
    ways = (
        asked.command.verb,
        plan.agent,
        plan.model,
        plan.mode,
        plan.budget_usd,
        plan.repository,
        plan.base,
    )
    return sha256(repr([way if way is None else str(way) for way in ways]).encode()).hexdigest()


def created_event_cells(submission: Submission, asked: TaskRequested) -> Cells:
    """The first fact of a task's life."""
    data = json_bytes(words_and_plan(asked))
    received_at = microseconds(submission.receipt.received_at)
    return (submission.task_id, 1, received_at, "task.created", submission.receipt.id, None, data.decode())


def words_and_plan(asked: TaskRequested) -> Mapping[str, JsonValue]:
    """What a task is asked to do, as its facts tell it: the words on one line, cut."""
    return {
        "verb": asked.command.verb.value,
        "text": one_line(clean(asked.command.text)),
        "band": int(asked.plan.band),
        "rule": asked.plan.rule,
    }


def stored_lane(submission: Submission, asked: TaskRequested) -> str:
    """The lane of a new task, as its row holds it."""
    return stored_name(asked.facts.lane or submission.receipt.provider)


def micro_usd(amount: Decimal | None) -> int | None:
    """Dollars as whole millionths."""
    return None if amount is None else int(amount * _MICRO_USD)


def _dropped(outcome: TaskRequested | ControlRequested) -> str:
    if isinstance(outcome, TaskRequested) and outcome.plan.dropped:
        return "options not allowed by the rule: " + ", ".join(outcome.plan.dropped)
    return ""


def _applied(verdict: Applied) -> str:
    return verdict.control if verdict.told is None else f"{verdict.control}: {one_line(verdict.told)}"


def _task_of(verdict: Verdict) -> TaskId | None:
    return verdict.task_id if isinstance(verdict, Accepted | Duplicate | Applied) else None


class _Got(NamedTuple):
    status: str
    reason: str | None = None
    detail: str = ""
    rule: str | None = None
    task_id: TaskId | None = None


def _cells(receipt: Receipt, facts: Facts, got: _Got, body: bytes) -> Cells:
    actor = facts.actor
    return (
        receipt.id,
        receipt.provider,
        receipt.source,
        microseconds(receipt.received_at),
        stored_name(receipt.remote),
        stored_name(facts.event),
        stored_name(facts.action),
        _optional_name(facts.external_id),
        _optional_name(facts.lane),
        _optional_name(facts.conversation),
        _optional_name(facts.origin),
        _optional_name(actor.id if actor else None),
        _optional_name(actor.name if actor else None),
        actor.kind.value if actor else None,
        _optional_text(facts.url),
        _bounded(facts.title, TITLE_LIMIT),
        got.status,
        got.reason,
        _optional_text(got.detail or None),
        _optional_name(got.rule or None),
        got.task_id,
        receipt.replay_of,
        receipt.size,
        receipt.sha256,
        receipt.headers,
        body,
    )


def stored_name(value: str) -> str:
    """A name as its column takes it: without what no database stores, and cut."""
    if len(value) <= NAME_LIMIT and value.isascii() and "\x00" not in value:
        return value
    return shorten(clean(value), NAME_LIMIT)


def _optional_name(value: str | None) -> str | None:
    if value is None or (len(value) <= NAME_LIMIT and value.isascii() and "\x00" not in value):
        return value
    return shorten(clean(value), NAME_LIMIT)


def _optional_text(value: str | None) -> str | None:
    return None if value is None else _bounded(value, TEXT_LIMIT)


def _bounded(value: str, limit: int) -> str:
    if len(value) <= limit and value.isascii() and "\x00" not in value:
        return value
    return shorten(clean(value), limit)
