"""Effects as rows: what the outside world shall see, stored before it is tried."""

from datetime import datetime

from pydantic import JsonValue
from sqlalchemy import Connection, func, select

from hookline.core.answers import json_bytes
from hookline.core.lifecycle import TaskLife
from hookline.domain.errors import UnfitRecordError
from hookline.domain.ids import TaskId
from hookline.domain.intake import Receipt
from hookline.domain.outcome import Facts
from hookline.domain.rules import Mode
from hookline.domain.work_records import EffectKept, EffectWish
from hookline.storage.bulk import BulkInsert, Cells
from hookline.storage.columns import microseconds
from hookline.storage.models import EffectRow, TaskRow
from hookline.storage.task_changes import add_fact

MOST_EFFECTS = 1_000
PENDING = "pending"
STAGED = "staged"

INSERT_EFFECTS = BulkInsert(
    "effects",
    ("key", "task_id", "fence", "provider", "source", "kind", "payload", "state", "created_at", "due_at"),
    ("text", "text", "bigint", "text", "text", "text", "text", "text", "bigint", "bigint"),
    skips_conflicts=True,
)


def keep_effect(
    connection: Connection, task: TaskLife, wish: EffectWish, payload: str, now: datetime
) -> EffectKept:
    """Store what an attempt wishes for, once; that of a staged task is never sent.

    Raises:
        UnfitRecordError: another effect has the key, or the task has too many.
    """
    key = f"task:{task.id}:{wish.kind}:{wish.key}"
    known = connection.execute(select(EffectRow.payload).where(EffectRow.key == key)).scalar_one_or_none()
    if known is not None:
        if known != payload:
            raise UnfitRecordError("key: an effect of another content has it")
        return EffectKept(key, is_new=False)
    is_own = EffectRow.task_id == task.id
    if connection.execute(select(func.count()).where(is_own)).scalar_one() >= MOST_EFFECTS:
        raise UnfitRecordError(f"key: the task has {MOST_EFFECTS} effects already")
    known_of_task = select(TaskRow.provider, TaskRow.source, TaskRow.mode).where(TaskRow.id == task.id)
    provider, source, mode = connection.execute(known_of_task).one()
    state, at = STAGED if mode == Mode.STAGED.value else PENDING, microseconds(now)
    row = (key, task.id, task.fence, provider, source, wish.kind, payload, state, at, at)
    _ = INSERT_EFFECTS.run(connection, [row])
    told = {"kind": wish.kind, "key": wish.key, "state": state}
    add_fact(connection, task.id, now, "task.effect_requested", None, told, task.fence)
    return EffectKept(key, is_new=True)


def reply_cells(receipt: Receipt, facts: Facts, text: str, task_id: TaskId | None) -> Cells:
    """What is to be said back to who sent a delivery, once for each."""
    place: dict[str, JsonValue] = {"conversation": facts.conversation, "origin": facts.origin}
    payload = json_bytes({**place, "url": facts.url, "text": text}).decode()
    at = microseconds(receipt.received_at)
    sender = (receipt.provider, receipt.source)
    return (f"reply:{receipt.id}", task_id, None, *sender, "reply", payload, PENDING, at, at)
