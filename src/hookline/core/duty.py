"""A duty of this process: taken, renewed, and known to be held without asking the database."""

from datetime import datetime, timedelta

from hookline.domain.ids import Clock
from hookline.domain.log import Duties

TERM = timedelta(seconds=30)


class Duty:
    """One duty as one process sees it; another takes it over when this one is silent for a term."""

    def __init__(self, duties: Duties, name: str, holder: str, clock: Clock, term: timedelta = TERM) -> None:
        """Keep the parts; nothing is held yet.

        Args:
            duties: who holds what.
            name: the duty.
            holder: names this process among all that might hold it.
            clock: the same kind of clock that `duties` has.
            term: how long a silent holder keeps it.
        """
        self._duties = duties
        self._name = name
        self._holder = holder
        self._clock = clock
        self._term = term
        self._ends_at: datetime | None = None
        self._ask_at: datetime | None = None

    @property
    def is_held(self) -> bool:
        """Whether it was this process's duty at the last asking, and still is."""
        return self._ends_at is not None and self._clock() < self._ends_at

    async def hold(self) -> bool:
        """Take or renew the duty where it is time to; tells whether it is held.

        Raises:
            StorageUnavailableError: the database does not answer.
        """
        now = self._clock()
        if self._ask_at is None or now >= self._ask_at:
            has = await self._duties.hold(self._name, self._holder, self._term)
            self._ends_at = now + self._term if has else None
            self._ask_at = now + self._term / (3 if has else 10)
        return self.is_held

    async def release(self) -> None:
        """Give it up, so that another need not wait for its end.

        Raises:
            StorageUnavailableError: the database does not answer.
        """
        self._ends_at = self._ask_at = None
        await self._duties.release(self._name, self._holder)
