"""bytes an attempt logged."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0007"
down_revision: str | Sequence[str] | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    logged = sa.Column("logged_bytes", sa.BigInteger(), server_default=sa.text("0"), nullable=False)
    op.add_column("attempts", logged)


def downgrade() -> None:
    op.drop_column("attempts", "logged_bytes")
