"""Changes to tasks inside the intake's transaction: each one conditional, each with its fact."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter

from pydantic import JsonValue
from sqlalchemy import Connection, delete, func, or_, select, update

from hookline.core.answers import json_bytes
from hookline.domain.command import Band
from hookline.domain.ids import DeliveryId, TaskId
from hookline.domain.outcome import TaskRequested
from hookline.domain.queue import QueuedTask
from hookline.domain.task import FINISHED_STATES, TaskState
from hookline.domain.text import TEXT_LIMIT, TITLE_LIMIT, clean, shorten
from hookline.storage.columns import microseconds
from hookline.storage.models import DedupeKeyRow, TaskEventRow, TaskRow
from hookline.storage.rows import INSERT_EVENTS, fold_key, micro_usd, words_and_plan

_UNLEASED = [state.value for state in TaskState if state not in FINISHED_STATES | {TaskState.RUNNING}]


@dataclass(slots=True)
class TaskFacts:
    """What intake needs to know of a task that is there already."""

    id: TaskId
    state: TaskState
    lane: str
    conversation: str
    origin: str
    accepted_at: datetime
    due_at: datetime | None
    fence: int
    open_key: str | None
    cancel_requested_at: datetime | None = None

    @property
    def is_finished(self) -> bool:
        """Whether its life is over."""
        return self.state in FINISHED_STATES

    @property
    def has_started(self) -> bool:
        """Whether an agent has ever had it, or has what it was folded into: no cancel ended it then."""
        is_folded = self.state is TaskState.CANCELLED and self.cancel_requested_at is None
        return self.fence > 0 or is_folded or self.state in {TaskState.RUNNING, TaskState.WAITING}

    def as_queued(self, band: Band) -> QueuedTask:
        """The task as the queue should know it, in this band, as long as no worker holds it."""
        return QueuedTask(self.id, band, self.lane, self.conversation, self.accepted_at, self.due_at)


def tasks_about(
    connection: Connection, origins: Iterable[str], conversations: Iterable[str]
) -> Sequence[TaskFacts]:
    """Tasks of these origins and unfinished ones of these conversations, locked oldest first."""
    finished = [state.value for state in FINISHED_STATES]
    wanted = or_(
        TaskRow.origin.in_(sorted(set(origins))),
        TaskRow.conversation.in_(sorted(set(conversations))) & TaskRow.state.not_in(finished),
    )
    known = (TaskRow.id, TaskRow.state, TaskRow.lane, TaskRow.conversation, TaskRow.origin)
    changing = (TaskRow.accepted_at, TaskRow.due_at, TaskRow.fence, TaskRow.open_key)
    query = select(*known, *changing, TaskRow.cancel_requested_at).where(wanted).order_by(TaskRow.id)
    rows = connection.execute(query.with_for_update(key_share=True))
    return [
        TaskFacts(
            *(TaskId(task_id), TaskState(state), lane, conversation, origin),
            *(at, due_at, fence, open_key, stopped_at),
        )
        for task_id, state, lane, conversation, origin, at, due_at, fence, open_key, stopped_at in rows
    ]


def made_alike(
    connection: Connection, tasks: Sequence[TaskFacts], asked: TaskRequested
) -> Sequence[TaskFacts]:
    """Those of some tasks that the same rule made by the same trigger."""
    is_alike = (TaskRow.trigger == asked.trigger.value) & (TaskRow.rule == asked.plan.rule)
    query = select(TaskRow.id).where(TaskRow.id.in_([task.id for task in tasks]) & is_alike)
    found = set(connection.execute(query).scalars())
    return [task for task in tasks if task.id in found]


def cancel_unleased(
    connection: Connection, task: TaskFacts, at: datetime, delivery_id: DeliveryId, cause: str
) -> None:
    """End a task that no worker holds, and free its open key."""
    _ = connection.execute(
        update(TaskRow)
        .where((TaskRow.id == task.id) & TaskRow.state.in_(_UNLEASED))
        .values(
            state=TaskState.CANCELLED.value,
            finished_at=at,
            cancel_requested_at=at,
            outcome=f"cancelled: {cause}",
        )
    )
    if task.open_key is not None:
        free_open_keys(connection, [(task.id, task.open_key)])
    add_fact(connection, task.id, at, "task.cancelled", delivery_id, {"cause": cause})
    task.state, task.cancel_requested_at = TaskState.CANCELLED, at


def replace_unstarted(
    connection: Connection, tasks: Sequence[TaskFacts], by: TaskId, at: datetime, delivery_id: DeliveryId
) -> None:
    """Let a new task take the place of some that have not started; each tells of the other."""
    if not tasks:
        return
    for task in tasks:
        cancel_unleased(connection, task, at, delivery_id, f"replaced by {by}")
    replaced: list[JsonValue] = [task.id for task in tasks]
    add_fact(connection, by, at, "task.took_place", delivery_id, {"of": replaced})


def request_cancel(
    connection: Connection, task: TaskFacts, at: datetime, delivery_id: DeliveryId, cause: str
) -> None:
    """Ask the worker that holds a task to stop."""
    _ = connection.execute(
        update(TaskRow)
        .where((TaskRow.id == task.id) & TaskRow.cancel_requested_at.is_(None))
        .values(cancel_requested_at=at)
    )
    add_fact(connection, task.id, at, "task.cancel_requested", delivery_id, {"cause": cause}, task.fence)


def revise(
    connection: Connection, task: TaskFacts, asked: TaskRequested, at: datetime, delivery_id: DeliveryId
) -> None:
    """Give a task that has not started the words and the plan of an edit."""
    plan = asked.plan
    _ = connection.execute(
        update(TaskRow)
        .where((TaskRow.id == task.id) & TaskRow.state.in_(_UNLEASED))
        .values(
            verb=asked.command.verb.value,
            text=shorten(clean(asked.command.text), TEXT_LIMIT),
            title=shorten(clean(asked.facts.title), TITLE_LIMIT),
            band=int(plan.band),
            rule=plan.rule,
            agent=plan.agent,
            model=plan.model,
            mode=plan.mode.value,
            budget_micro_usd=micro_usd(plan.budget_usd),
            repository=plan.repository,
            base_ref=plan.base,
            fold_key=fold_key(asked),
            revision=TaskRow.revision + 1,
            queue_epoch="",
        )
    )
    add_fact(connection, task.id, at, "task.revised", delivery_id, words_and_plan(asked))


def free_open_keys(connection: Connection, held: Iterable[tuple[TaskId, str]]) -> None:
    """Let others open what these tasks held; a key that another task holds by now stays with it."""
    for task_id, key in sorted(held, key=itemgetter(1)):
        is_own = (DedupeKeyRow.key == key) & (DedupeKeyRow.task_id == task_id)
        _ = connection.execute(delete(DedupeKeyRow).where(is_own))


def add_fact(
    connection: Connection,
    task_id: TaskId,
    at: datetime,
    event: str,
    delivery_id: DeliveryId | None,
    data: Mapping[str, JsonValue],
    fence: int | None = None,
) -> None:
    """Append a fact to a task's story; the task's row must be locked by this transaction."""
    seq = last_seq(connection, task_id)
    row = (task_id, seq + 1, microseconds(at), event, delivery_id, fence, json_bytes(data).decode())
    _ = INSERT_EVENTS.run(connection, [row])


def last_seq(connection: Connection, task_id: TaskId) -> int:
    """The number of a task's newest fact; 0 where it has none."""
    last = select(func.max(TaskEventRow.seq)).where(TaskEventRow.task_id == task_id)
    return connection.execute(last).scalar_one_or_none() or 0
