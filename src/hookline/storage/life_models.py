"""The tables of what agents do: attempts, what they cause outside, and the workers that may claim tasks."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, SmallInteger, Text
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from hookline.storage.base import DIGEST, ID, NAME, WORD, Base, partial_index
from hookline.storage.columns import Instant

PENDING = "state = 'pending'"
UNREVOKED = "revoked_at IS NULL"


class AttemptRow(Base):
    """One execution of a task under a lease.

    `digest` is of the finish that ended it, `left_task` the state in which it left the task.
    """

    __tablename__ = "attempts"
    __table_args__ = (
        Index("uq_attempts_lease_hash", "lease_hash", unique=True),
        Index("uq_attempts_tool_hash", "tool_hash", unique=True),
        {"sqlite_with_rowid": False},
    )

    task_id: Mapped[str] = mapped_column(ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True)
    fence: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    worker: Mapped[str] = mapped_column(NAME)
    claim_id: Mapped[str] = mapped_column(NAME)
    lease_hash: Mapped[str] = mapped_column(DIGEST)
    tool_hash: Mapped[str] = mapped_column(DIGEST)
    started_at: Mapped[datetime] = mapped_column(Instant)
    confirmed_at: Mapped[datetime | None] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    outcome: Mapped[str | None] = mapped_column(WORD)
    digest: Mapped[str | None] = mapped_column(DIGEST)
    left_task: Mapped[str | None] = mapped_column(WORD)
    usage: Mapped[str | None] = mapped_column(Text)
    session: Mapped[str | None] = mapped_column(NAME)
    logged_lines: Mapped[int] = mapped_column(BigInteger, server_default=sql("0"))
    logged_bytes: Mapped[int] = mapped_column(BigInteger, server_default=sql("0"))


class WordsRow(Base):
    """What was said to a task after it was made: a follow-up that it absorbed, or an answer to its question.

    `after_fence` is the newest attempt there was then, so the next one is the first that hears it.
    """

    __tablename__ = "words"
    __table_args__ = ({"sqlite_with_rowid": False},)

    task_id: Mapped[str] = mapped_column(ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True)
    delivery_id: Mapped[str] = mapped_column(ID, primary_key=True)
    kind: Mapped[str] = mapped_column(WORD)
    text: Mapped[str] = mapped_column(Text)
    said_by: Mapped[str | None] = mapped_column(NAME)
    url: Mapped[str | None] = mapped_column(Text)
    said_at: Mapped[datetime] = mapped_column(Instant)
    after_fence: Mapped[int] = mapped_column(BigInteger)


class SessionRow(Base):
    """The newest session that an agent had about a conversation; its follow-ups go on in it."""

    __tablename__ = "sessions"
    __table_args__ = (Index("ix_sessions_task_id", "task_id"), {"sqlite_with_rowid": False})

    conversation: Mapped[str] = mapped_column(NAME, primary_key=True)
    agent: Mapped[str] = mapped_column(NAME, primary_key=True)
    session: Mapped[str] = mapped_column(NAME)
    task_id: Mapped[str] = mapped_column(ForeignKey("tasks.id", ondelete="CASCADE"))
    fence: Mapped[int] = mapped_column(BigInteger)
    told_at: Mapped[datetime] = mapped_column(Instant)


class EffectRow(Base):
    """Something the outside world shall see, stored before it is tried; `reference` is its id out there.

    A reply that speaks of no task has none.
    """

    __tablename__ = "effects"
    __table_args__ = (
        Index("ix_effects_task_id_created_at", "task_id", "created_at"),
        partial_index("ix_effects_due_at_pending", "due_at", where=PENDING),
    )

    key: Mapped[str] = mapped_column(NAME, primary_key=True)
    task_id: Mapped[str | None] = mapped_column(ForeignKey("tasks.id", ondelete="CASCADE"))
    fence: Mapped[int | None] = mapped_column(BigInteger)
    provider: Mapped[str] = mapped_column(WORD)
    source: Mapped[str] = mapped_column(NAME)
    kind: Mapped[str] = mapped_column(WORD)
    payload: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(WORD)
    tries: Mapped[int] = mapped_column(SmallInteger, server_default=sql("0"))
    created_at: Mapped[datetime] = mapped_column(Instant)
    due_at: Mapped[datetime] = mapped_column(Instant)
    tried_at: Mapped[datetime | None] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    reference: Mapped[str | None] = mapped_column(NAME)
    error: Mapped[str | None] = mapped_column(Text)


class WorkerRow(Base):
    """A worker that may claim tasks, known by the hash of its token."""

    __tablename__ = "workers"
    __table_args__ = (partial_index("uq_workers_name_unrevoked", "name", where=UNREVOKED, unique=True),)

    token_hash: Mapped[str] = mapped_column(DIGEST, primary_key=True)
    name: Mapped[str] = mapped_column(NAME)
    created_at: Mapped[datetime] = mapped_column(Instant)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)
    last_seen_at: Mapped[datetime | None] = mapped_column(Instant)
