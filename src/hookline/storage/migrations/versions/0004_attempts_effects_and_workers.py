"""attempts, effects and workers."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | Sequence[str] | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_CLAIMABLE = sa.text("state IN ('queued', 'scheduled')")
_HELD_BY_QUEUE = sa.text("state IN ('queued', 'scheduled', 'running')")


def upgrade() -> None:
    op.add_column("tasks", sa.Column("tries", sa.SmallInteger(), server_default=sa.text("0"), nullable=False))
    op.add_column("tasks", sa.Column("result", sa.Text(), nullable=True))
    op.add_column("tasks", sa.Column("question", sa.Text(), nullable=True))
    _index_of_queue_epochs(_HELD_BY_QUEUE)
    _create_partial_index("ix_tasks_due_at_waiting", "tasks", "due_at", "state = 'waiting'")
    _create_attempts()
    _create_effects()
    _create_workers()


def downgrade() -> None:
    op.drop_table("workers")
    op.drop_table("effects")
    op.drop_table("attempts")
    op.drop_index("ix_tasks_due_at_waiting", "tasks")
    _index_of_queue_epochs(_CLAIMABLE)
    op.drop_column("tasks", "question")
    op.drop_column("tasks", "result")
    op.drop_column("tasks", "tries")


def _index_of_queue_epochs(condition: sa.TextClause) -> None:
    op.drop_index("ix_tasks_queue_epoch_accepted_at", "tasks")
    op.create_index(
        "ix_tasks_queue_epoch_accepted_at",
        "tasks",
        ["queue_epoch", "accepted_at"],
        sqlite_where=condition,
        postgresql_where=condition,
    )


def _create_partial_index(
    name: str, table: str, column: str, condition: str, *, unique: bool = False
) -> None:
    op.create_index(
        name,
        table,
        [column],
        unique=unique,
        sqlite_where=sa.text(condition),
        postgresql_where=sa.text(condition),
    )


def _create_attempts() -> None:
    op.create_table(
        "attempts",
        sa.Column("task_id", sa.String(length=36), nullable=False),
        sa.Column("fence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("worker", sa.String(length=255), nullable=False),
        sa.Column("claim_id", sa.String(length=255), nullable=False),
        sa.Column("lease_hash", sa.String(length=64), nullable=False),
        sa.Column("tool_hash", sa.String(length=64), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("confirmed_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.String(length=32), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=True),
        sa.Column("left_task", sa.String(length=32), nullable=True),
        sa.Column("usage", sa.Text(), nullable=True),
        sa.Column("session", sa.String(length=255), nullable=True),
        sa.ForeignKeyConstraint(
            ["task_id"], ["tasks.id"], name=op.f("fk_attempts_task_id_tasks"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("task_id", "fence", name=op.f("pk_attempts")),
        sqlite_with_rowid=False,
    )
    op.create_index("uq_attempts_lease_hash", "attempts", ["lease_hash"], unique=True)
    op.create_index("uq_attempts_tool_hash", "attempts", ["tool_hash"], unique=True)


def _create_effects() -> None:
    op.create_table(
        "effects",
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("task_id", sa.String(length=36), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=True),
        sa.Column("provider", sa.String(length=32), nullable=False),
        sa.Column("source", sa.String(length=255), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("tries", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("tried_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("reference", sa.String(length=255), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["task_id"], ["tasks.id"], name=op.f("fk_effects_task_id_tasks"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_effects")),
    )
    op.create_index("ix_effects_task_id_created_at", "effects", ["task_id", "created_at"])
    _create_partial_index("ix_effects_due_at_pending", "effects", "due_at", "state = 'pending'")


def _create_workers() -> None:
    op.create_table(
        "workers",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.Column("last_seen_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_workers")),
    )
    _create_partial_index("uq_workers_name_unrevoked", "workers", "name", "revoked_at IS NULL", unique=True)
