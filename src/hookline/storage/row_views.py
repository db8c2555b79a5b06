"""Rows as the read models of the domain."""

from typing import TypeAlias

from pydantic import JsonValue, TypeAdapter

from hookline.domain.command import Band, Verb
from hookline.domain.ids import DeliveryId, TaskId
from hookline.domain.lifecycle import AttemptOutcome, Fence
from hookline.domain.reading import AttemptSummary, DeliverySummary, StoredFact, TaskSummary
from hookline.domain.rules import Mode
from hookline.domain.task import Task, TaskState
from hookline.domain.work_records import Usage
from hookline.storage.models import AttemptRow, DeliveryRow, TaskEventRow, TaskRow

_Object: TypeAlias = dict[str, JsonValue]
_OBJECT: TypeAdapter[_Object] = TypeAdapter(_Object)
_HEADERS: TypeAdapter[dict[str, str]] = TypeAdapter(dict[str, str])
_USAGE: TypeAdapter[Usage] = TypeAdapter(Usage)


def stored_fact(row: TaskEventRow) -> StoredFact:
    """A fact of a task's life."""
    data = _OBJECT.validate_json(row.data)
    return StoredFact(row.seq, row.at, row.event, _delivery_id(row.delivery_id), row.fence, data)


def attempt_summary(row: AttemptRow) -> AttemptSummary:
    """One execution of a task."""
    return AttemptSummary(
        fence=Fence(row.fence),
        worker=row.worker,
        started_at=row.started_at,
        ended_at=row.ended_at,
        outcome=None if row.outcome is None else AttemptOutcome(row.outcome),
        usage=usage_of(row.usage),
    )


def usage_of(text: str | None) -> Usage | None:
    """What an attempt used, as it is stored; nothing where nothing was told."""
    return None if text is None else _USAGE.validate_json(text)


def headers_of(text: str | None) -> dict[str, str]:
    """Headers as they are stored; none where they are no longer kept."""
    return {} if text is None else _HEADERS.validate_json(text)


def delivery_summary(row: DeliveryRow) -> DeliverySummary:
    """A delivery without headers and body."""
    return DeliverySummary(
        id=DeliveryId(row.id),
        provider=row.provider,
        source=row.source,
        received_at=row.received_at,
        remote=row.remote,
        event=row.event,
        action=row.action,
        external_id=row.external_id,
        lane=row.lane,
        conversation=row.conversation,
        origin=row.origin,
        actor_id=row.actor_id,
        actor_name=row.actor_name,
        actor_kind=row.actor_kind,
        url=row.url,
        title=row.title,
        status=row.status,
        reason=row.reason,
        detail=row.detail,
        rule=row.rule,
        task_id=None if row.task_id is None else TaskId(row.task_id),
        replay_of=_delivery_id(row.replay_of),
        size=row.size,
        sha256=row.sha256,
    )


def task_summary(row: TaskRow) -> TaskSummary:
    """A task as lists show it."""
    return TaskSummary(
        id=TaskId(row.id),
        state=TaskState(row.state),
        band=Band(row.band),
        verb=row.verb,
        title=row.title,
        provider=row.provider,
        source=row.source,
        lane=row.lane,
        conversation=row.conversation,
        agent=row.agent,
        requested_by_name=row.requested_by_name,
        url=row.url,
        accepted_at=row.accepted_at,
        finished_at=row.finished_at,
        outcome=row.outcome,
    )


def task_of(row: TaskRow) -> Task:
    """A task with all that the domain knows of it."""
    return Task(
        id=TaskId(row.id),
        state=TaskState(row.state),
        verb=Verb(row.verb),
        text=row.text,
        title=row.title,
        provider=row.provider,
        source=row.source,
        lane=row.lane,
        conversation=row.conversation,
        origin=row.origin,
        band=Band(row.band),
        agent=row.agent,
        model=row.model,
        mode=Mode(row.mode),
        repository=row.repository,
        base_ref=row.base_ref,
        rule=row.rule,
        trigger=row.trigger,
        requested_by=row.requested_by,
        requested_by_name=row.requested_by_name,
        delivery_id=DeliveryId(row.delivery_id),
        url=row.url,
        accepted_at=row.accepted_at,
        due_at=row.due_at,
        finished_at=row.finished_at,
        cancel_requested_at=row.cancel_requested_at,
        fence=row.fence,
        revision=row.revision,
        outcome=row.outcome,
    )


def _delivery_id(value: str | None) -> DeliveryId | None:
    return None if value is None else DeliveryId(value)
