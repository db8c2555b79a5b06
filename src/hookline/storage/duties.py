"""Who performs which duty, in a table that only a conditional change writes."""

from datetime import timedelta

from sqlalchemy import delete, text

from hookline.domain.ids import Clock
from hookline.storage.columns import microseconds
from hookline.storage.database import Database
from hookline.storage.models import DutyRow

_HOLD = text(
    "INSERT INTO duties (name, holder, ends_at) VALUES (:name, :holder, :ends_at)"
    " ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, ends_at = excluded.ends_at"
    " WHERE duties.holder = excluded.holder OR duties.ends_at <= :now"
    " RETURNING name"
)


class SqlDuties:
    """`Duties` on SQLite and PostgreSQL; the clocks of all processes must agree to within seconds."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Keep the database and the clock."""
        self._database = database
        self._clock = clock

    async def hold(self, name: str, holder: str, for_: timedelta, /) -> bool:
        """Take a duty that is free or over, or renew one's own; false: another one has it."""
        now = self._clock()
        given = {
            "name": name,
            "holder": holder,
            "ends_at": microseconds(now + for_),
            "now": microseconds(now),
        }
        async with self._database.write() as connection:
            return (await connection.execute(_HOLD, given)).first() is not None

    async def release(self, name: str, holder: str, /) -> None:
        """Give up one's own duty; no change where another one has it."""
        async with self._database.write() as connection:
            is_own = (DutyRow.name == name) & (DutyRow.holder == holder)
            _ = await connection.execute(delete(DutyRow).where(is_own))
