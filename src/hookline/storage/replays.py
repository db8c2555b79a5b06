"""Replays as the audit remembers them, which outlives the deliveries."""

from sqlalchemy import func, insert, select

from hookline.core.answers import json_bytes
from hookline.domain.ids import DeliveryId
from hookline.domain.reading import AuditEntry
from hookline.storage.database import Database
from hookline.storage.models import AuditRow


class SqlReplayRegister:
    """`ReplayRegister` in the audit's table."""

    def __init__(self, database: Database) -> None:
        """Keep the database."""
        self._database = database

    async def begin(self, delivery_id: DeliveryId, entry: AuditEntry, /) -> int:
        """Note that a replay begins; see the port."""
        is_earlier = (AuditRow.action == entry.action) & (AuditRow.target == delivery_id)
        query = select(func.count()).select_from(AuditRow).where(is_earlier)
        async with self._database.write() as connection:
            generation = (await connection.execute(query)).scalar_one() + 1
            data = json_bytes({**entry.data, "generation": generation}).decode()
            audit = insert(AuditRow).values(
                id=entry.id, at=entry.at, action=entry.action, target=delivery_id, data=data
            )
            _ = await connection.execute(audit)
        return generation
