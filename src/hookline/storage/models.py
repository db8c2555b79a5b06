"""The tables; every list that people read has its index."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, SmallInteger, String, Text
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from hookline.storage.base import DIGEST, ID, NAME, WORD, Base, partial_index
from hookline.storage.columns import Instant
from hookline.storage.life_models import AttemptRow, EffectRow, SessionRow, WordsRow, WorkerRow

__all__ = [
    "AttemptRow",
    "AuditRow",
    "Base",
    "ConversationAliasRow",
    "DedupeKeyRow",
    "DeliveryRow",
    "DeliveryTaskRow",
    "DutyRow",
    "EffectRow",
    "PauseRow",
    "SessionRow",
    "TaskEventRow",
    "TaskRow",
    "WordsRow",
    "WorkerRow",
]

RUNNING = "state = 'running'"
UNFINISHED = "state IN ('authorizing', 'queued', 'scheduled', 'running', 'waiting')"
WAITING = "state = 'waiting'"
FOLDABLE = "state = 'queued' AND fold_key IS NOT NULL"
HELD_BY_QUEUE = "state IN ('queued', 'scheduled', 'running')"


class DeliveryRow(Base):
    """One inbound webhook request, what it spoke of and what became of it."""

    __tablename__ = "deliveries"
    __table_args__ = (
        Index("ix_deliveries_status_id", "status", "id"),
        Index("ix_deliveries_provider_id", "provider", "id"),
        Index("ix_deliveries_lane_id", "lane", "id"),
    )

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    provider: Mapped[str] = mapped_column(WORD)
    source: Mapped[str] = mapped_column(NAME)
    received_at: Mapped[datetime] = mapped_column(Instant)
    remote: Mapped[str] = mapped_column(NAME)
    event: Mapped[str] = mapped_column(NAME)
    action: Mapped[str] = mapped_column(NAME)
    external_id: Mapped[str | None] = mapped_column(NAME)
    lane: Mapped[str | None] = mapped_column(NAME)
    conversation: Mapped[str | None] = mapped_column(NAME)
    origin: Mapped[str | None] = mapped_column(NAME)
    actor_id: Mapped[str | None] = mapped_column(NAME)
    actor_name: Mapped[str | None] = mapped_column(NAME)
    actor_kind: Mapped[str | None] = mapped_column(WORD)
    url: Mapped[str | None] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(WORD)
    reason: Mapped[str | None] = mapped_column(NAME)
    detail: Mapped[str | None] = mapped_column(Text)
    rule: Mapped[str | None] = mapped_column(NAME)
    task_id: Mapped[str | None] = mapped_column(ID)
    replay_of: Mapped[str | None] = mapped_column(ID)
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    headers: Mapped[str | None] = mapped_column(Text)
    body: Mapped[bytes | None] = mapped_column(LargeBinary)


class DedupeKeyRow(Base):
    """A key that was claimed, by which delivery, for which task; outlives the delivery's body."""

    __tablename__ = "dedupe_keys"
    __table_args__ = (
        Index("ix_dedupe_keys_claimed_at", "claimed_at"),
        {"sqlite_with_rowid": False},
    )

    key: Mapped[str] = mapped_column(NAME, primary_key=True)
    delivery_id: Mapped[str] = mapped_column(ID)
    task_id: Mapped[str | None] = mapped_column(ID)
    claimed_at: Mapped[datetime] = mapped_column(Instant)


class TaskRow(Base):
    """A task with everything that the queue would need to be filled again."""

    __tablename__ = "tasks"
    __table_args__ = (
        partial_index("uq_tasks_conversation_running", "conversation", where=RUNNING, unique=True),
        partial_index("ix_tasks_queue_epoch_accepted_at", "queue_epoch", "accepted_at", where=HELD_BY_QUEUE),
        partial_index("ix_tasks_due_at_waiting", "due_at", where=WAITING),
        partial_index("ix_tasks_conversation_waiting", "conversation", where=WAITING),
        partial_index("ix_tasks_conversation_id_foldable", "conversation", "id", where=FOLDABLE),
        Index("ix_tasks_state_id", "state", "id"),
        Index("ix_tasks_provider_id", "provider", "id"),
        Index("ix_tasks_lane_id", "lane", "id"),
        Index("ix_tasks_conversation_id", "conversation", "id"),
        Index("ix_tasks_origin", "origin"),
    )

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    state: Mapped[str] = mapped_column(WORD)
    queued_reason: Mapped[str | None] = mapped_column(NAME)
    band: Mapped[int] = mapped_column(SmallInteger)
    accepted_at: Mapped[datetime] = mapped_column(Instant)
    due_at: Mapped[datetime | None] = mapped_column(Instant)
    finished_at: Mapped[datetime | None] = mapped_column(Instant)
    provider: Mapped[str] = mapped_column(WORD)
    source: Mapped[str] = mapped_column(NAME)
    lane: Mapped[str] = mapped_column(NAME)
    conversation: Mapped[str] = mapped_column(NAME)
    origin: Mapped[str] = mapped_column(NAME)
    delivery_id: Mapped[str] = mapped_column(ID)
    trigger: Mapped[str] = mapped_column(WORD)
    verb: Mapped[str] = mapped_column(WORD)
    text: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    url: Mapped[str | None] = mapped_column(Text)
    requested_by: Mapped[str | None] = mapped_column(NAME)
    requested_by_name: Mapped[str | None] = mapped_column(NAME)
    rule: Mapped[str] = mapped_column(NAME)
    agent: Mapped[str] = mapped_column(NAME)
    model: Mapped[str | None] = mapped_column(NAME)
    mode: Mapped[str] = mapped_column(WORD)
    budget_micro_usd: Mapped[int | None] = mapped_column(BigInteger)
    repository: Mapped[str | None] = mapped_column(NAME)
    base_ref: Mapped[str | None] = mapped_column(NAME)
    chain_depth: Mapped[int] = mapped_column(SmallInteger, server_default=sql("0"))
    revision: Mapped[int] = mapped_column(SmallInteger, server_default=sql("0"))
    fence: Mapped[int] = mapped_column(BigInteger, server_default=sql("0"))
    holder: Mapped[str | None] = mapped_column(NAME)
    lease_ends_at: Mapped[datetime | None] = mapped_column(Instant)
    lost_count: Mapped[int] = mapped_column(SmallInteger, server_default=sql("0"))
    unclaimed_count: Mapped[int] = mapped_column(SmallInteger, server_default=sql("0"))
    tries: Mapped[int] = mapped_column(SmallInteger, server_default=sql("0"))
    cancel_requested_at: Mapped[datetime | None] = mapped_column(Instant)
    paused_at: Mapped[datetime | None] = mapped_column(Instant)
    outcome: Mapped[str | None] = mapped_column(NAME)
    result: Mapped[str | None] = mapped_column(Text)
    question: Mapped[str | None] = mapped_column(Text)
    open_key: Mapped[str | None] = mapped_column(NAME)
    fold_key: Mapped[str | None] = mapped_column(DIGEST)
    queue_epoch: Mapped[str] = mapped_column(NAME, server_default=sql("''"))


class TaskEventRow(Base):
    """A lifecycle fact, written in the transaction of what it tells; `logged` once it is in the log file."""

    __tablename__ = "task_events"
    __table_args__ = (
        partial_index("ix_task_events_unlogged", "at", "task_id", where="logged = 0"),
        {"sqlite_with_rowid": False},
    )

    task_id: Mapped[str] = mapped_column(ID, primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(Instant)
    event: Mapped[str] = mapped_column(String(64))
    delivery_id: Mapped[str | None] = mapped_column(ID)
    fence: Mapped[int | None] = mapped_column(BigInteger)
    data: Mapped[str] = mapped_column(Text)
    logged: Mapped[int] = mapped_column(SmallInteger, server_default=sql("0"))


class DeliveryTaskRow(Base):
    """Which deliveries belong to a task, and in which role."""

    __tablename__ = "delivery_tasks"
    __table_args__ = (
        Index("ix_delivery_tasks_delivery_id", "delivery_id"),
        {"sqlite_with_rowid": False},
    )

    task_id: Mapped[str] = mapped_column(ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True)
    delivery_id: Mapped[str] = mapped_column(ID, primary_key=True)
    role: Mapped[str] = mapped_column(WORD)


class ConversationAliasRow(Base):
    """A second key of a conversation: a pull request opened for an issue."""

    __tablename__ = "conversation_aliases"

    alias: Mapped[str] = mapped_column(NAME, primary_key=True)
    conversation: Mapped[str] = mapped_column(NAME)
    created_at: Mapped[datetime] = mapped_column(Instant)


class PauseRow(Base):
    """A paused lane, or the whole queue where `scope` is `*`."""

    __tablename__ = "pauses"

    scope: Mapped[str] = mapped_column(NAME, primary_key=True)
    since: Mapped[datetime] = mapped_column(Instant)
    paused_by: Mapped[str] = mapped_column(NAME, server_default=sql("''"))
    reason: Mapped[str | None] = mapped_column(Text)


class DutyRow(Base):
    """A duty that one process at a time performs, held until `ends_at`."""

    __tablename__ = "duties"

    name: Mapped[str] = mapped_column(WORD, primary_key=True)
    holder: Mapped[str] = mapped_column(NAME)
    ends_at: Mapped[datetime] = mapped_column(Instant)


class AuditRow(Base):
    """Something an operator did or looked at."""

    __tablename__ = "audit"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant)
    action: Mapped[str] = mapped_column(WORD)
    target: Mapped[str] = mapped_column(NAME)
    data: Mapped[str] = mapped_column(Text)
