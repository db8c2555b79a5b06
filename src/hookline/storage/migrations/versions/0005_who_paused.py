"""who paused."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | Sequence[str] | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column(
        "pauses", sa.Column("paused_by", sa.String(length=255), server_default=sa.text("''"), nullable=False)
    )


def downgrade() -> None:
    op.drop_column("pauses", "paused_by")
