"""words, sessions and folding."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | Sequence[str] | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_IS_FOLDABLE = sa.text("state = 'queued' AND fold_key IS NOT NULL")
_IS_WAITING = sa.text("state = 'waiting'")


def upgrade() -> None:
    unclaimed = sa.Column("unclaimed_count", sa.SmallInteger(), server_default=sa.text("0"), nullable=False)
    op.add_column("tasks", unclaimed)
    op.add_column("tasks", sa.Column("fold_key", sa.String(length=64), nullable=True))
    logged = sa.Column("logged_lines", sa.BigInteger(), server_default=sa.text("0"), nullable=False)
    op.add_column("attempts", logged)
    _create_index("ix_tasks_conversation_id_foldable", ["conversation", "id"], _IS_FOLDABLE)
    _create_index("ix_tasks_conversation_waiting", ["conversation"], _IS_WAITING)
    with op.batch_alter_table("effects") as effects:
        effects.alter_column("task_id", existing_type=sa.String(length=36), nullable=True)
    _create_words()
    _create_sessions()


def downgrade() -> None:
    op.drop_table("sessions")
    op.drop_table("words")
    op.execute("DELETE FROM effects WHERE task_id IS NULL")
    with op.batch_alter_table("effects") as effects:
        effects.alter_column("task_id", existing_type=sa.String(length=36), nullable=False)
    op.drop_index("ix_tasks_conversation_waiting", "tasks")
    op.drop_index("ix_tasks_conversation_id_foldable", "tasks")
    op.drop_column("attempts", "logged_lines")
    op.drop_column("tasks", "fold_key")
    op.drop_column("tasks", "unclaimed_count")


def _create_index(name: str, columns: Sequence[str], condition: sa.TextClause) -> None:
    op.create_index(name, "tasks", columns, sqlite_where=condition, postgresql_where=condition)


def _create_words() -> None:
    op.create_table(
        "words",
        sa.Column("task_id", sa.String(length=36), nullable=False),
        sa.Column("delivery_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("said_by", sa.String(length=255), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("said_at", sa.BigInteger(), nullable=False),
        sa.Column("after_fence", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["task_id"], ["tasks.id"], name=op.f("fk_words_task_id_tasks"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("task_id", "delivery_id", name=op.f("pk_words")),
        sqlite_with_rowid=False,
    )


def _create_sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("conversation", sa.String(length=255), nullable=False),
        sa.Column("agent", sa.String(length=255), nullable=False),
        sa.Column("session", sa.String(length=255), nullable=False),
        sa.Column("task_id", sa.String(length=36), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("told_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["task_id"], ["tasks.id"], name=op.f("fk_sessions_task_id_tasks"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("conversation", "agent", name=op.f("pk_sessions")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_sessions_task_id", "sessions", ["task_id"])
