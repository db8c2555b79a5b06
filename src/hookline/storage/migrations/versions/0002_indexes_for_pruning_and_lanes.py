"""indexes for pruning and for the deliveries of a lane."""

from collections.abc import Sequence

from alembic import op

revision: str = "0002"
down_revision: str | Sequence[str] | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_index("ix_delivery_tasks_delivery_id", "delivery_tasks", ["delivery_id"])
    op.create_index("ix_dedupe_keys_claimed_at", "dedupe_keys", ["claimed_at"])
    op.create_index("ix_deliveries_lane_id", "deliveries", ["lane", "id"])


def downgrade() -> None:
    op.drop_index("ix_deliveries_lane_id", "deliveries")
    op.drop_index("ix_dedupe_keys_claimed_at", "dedupe_keys")
    op.drop_index("ix_delivery_tasks_delivery_id", "delivery_tasks")
