"""What a task queue is, said plainly: lists and loops instead of indexes, to hold the scripts against."""

from binascii import crc32
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from hookline.domain.command import Band
from hookline.domain.ids import TaskId
from hookline.domain.queue import EVERY_LANE, ClaimId, Lease, QueuedTask, Terms
from hookline.queue.layout import partition_of

AGE_BOUND = timedelta(minutes=10)

Place = tuple[str, int, datetime | None]
"""Where a task is, the band that counts, and until when it is there."""


@dataclass(slots=True)
class Entry:
    """A task that is in: `r` may run, `p` is behind another one, `d` is not due, `l` is leased."""

    row: QueuedTask
    state: str
    lent: int
    claim: str = ""
    until: datetime | None = None

    @property
    def place(self) -> tuple[datetime, str]:
        return self.row.accepted_at, self.row.task_id

    @property
    def aged(self) -> datetime:
        return self.row.accepted_at + self.lent * AGE_BOUND


@dataclass
class QueueModel:
    """Tells what a queue may give out, and what is where after each call."""

    now: datetime
    terms: dict[str, Terms] = field(default_factory=dict)
    entries: dict[TaskId, Entry] = field(default_factory=dict)
    owners: dict[str, TaskId] = field(default_factory=dict)
    claims: dict[str, list[TaskId]] = field(default_factory=dict)
    paused: set[str] = field(default_factory=set)

    def enqueue(self, row: QueuedTask) -> None:
        known = self.entries.get(row.task_id)
        if row.lease is not None:
            self._restore(row, known)
            return
        if known is not None and known.row.band != row.band:
            self._rank_anew(known, row.band)
        if known is None:
            entry = self.entries[row.task_id] = Entry(row, "n", row.band)
            if row.due_at is not None and row.due_at > self.now:
                self._delay(entry, row.due_at)
            else:
                self._place(entry)
        elif known.state == "d":
            due = row.due_at or datetime.fromtimestamp(0, self.now.tzinfo)
            known.until = min(due, known.until or due)

    def _rank_anew(self, entry: Entry, band: Band) -> None:
        entry.row, entry.lent = replace(entry.row, band=band), band
        if entry.state == "p" or self.owners.get(entry.row.conversation) == entry.row.task_id:
            self._lend_anew(entry.row.conversation)

    def _lend_anew(self, conversation: str) -> None:
        """The first of a conversation counts as the best of all behind it, or as itself."""
        owner = self.entries.get(self.owners.get(conversation, TaskId("")))
        if conversation and owner is not None:
            owner.lent = min(owner.row.band, *(e.lent for e in self._behind(conversation)), Band.LOW)

    def _restore(self, row: QueuedTask, known: Entry | None) -> None:
        assert row.lease is not None
        if known is not None and known.state == "l":
            return
        entry = known or Entry(row, "n", row.band)
        self.entries[row.task_id] = entry
        former = self.entries.get(self.owners.get(row.conversation, TaskId("")))
        if row.conversation:
            self.owners[row.conversation] = row.task_id
        entry.state, entry.claim, entry.until = "l", row.lease.claim_id, row.lease.ends_at
        if row.conversation and former is not None and former is not entry and former.state == "r":
            self._park(former, entry)

    def _place(self, entry: Entry) -> None:
        conversation = entry.row.conversation
        owner = self.entries.get(self.owners.get(conversation, TaskId("")))
        if conversation and owner is not None and owner is not entry:
            self._park(entry, owner)
            return
        if conversation:
            self.owners[conversation] = entry.row.task_id
        entry.state, entry.until = "r", None

    def _park(self, entry: Entry, owner: Entry) -> None:
        entry.state, entry.until = "p", None
        owner.lent = min(owner.lent, entry.lent)

    def _delay(self, entry: Entry, due: datetime) -> None:
        entry.state, entry.until = "d", due
        if entry.row.conversation:
            self.owners.setdefault(entry.row.conversation, entry.row.task_id)

    def _leave_lease(self, entry: Entry) -> None:
        self.claims.pop(entry.claim, None)
        entry.claim = ""

    def forget(self, task_id: TaskId) -> None:
        entry = self.entries.pop(task_id, None)
        if entry is None:
            return
        if entry.state == "l":
            self._leave_lease(entry)
        conversation = entry.row.conversation
        if entry.state == "p":
            self._lend_anew(conversation)
        if not conversation or self.owners.get(conversation) != task_id:
            return
        del self.owners[conversation]
        behind = sorted(self._behind(conversation), key=lambda e: e.place)
        if behind:
            heir = behind[0]
            self.owners[conversation] = heir.row.task_id
            heir.state = "r"
            heir.lent = min(e.lent for e in behind)

    def _behind(self, conversation: str) -> Iterator[Entry]:
        return (e for e in self.entries.values() if e.state == "p" and e.row.conversation == conversation)

    def tick(self) -> None:
        """What a claim does before it gives out anything: leases that ran out, tasks that became due."""
        over = [e for e in self.entries.values() if e.until and e.until <= self.now]
        for entry in sorted(over, key=lambda e: (e.until, e.row.task_id)):
            if entry.state == "l":
                self._leave_lease(entry)
            self._place(entry)

    def taken_before(self, claim: ClaimId) -> list[TaskId]:
        return [t for t in self.claims.get(claim, []) if t in self.entries and self.entries[t].claim == claim]

    def running_in(self, lane: str) -> int:
        return sum(e.state == "l" and e.row.lane == lane for e in self.entries.values())

    def is_open(self, lane: str) -> bool:
        terms = self.terms.get(lane, Terms())
        return lane not in self.paused and (not terms.cap or self.running_in(lane) < terms.cap)

    def runnable(self) -> list[Entry]:
        if EVERY_LANE in self.paused:
            return []
        return [e for e in self.entries.values() if e.state == "r" and self.is_open(e.row.lane)]

    def check_and_take(self, claim: ClaimId, most: int, lease: timedelta, got: Sequence[TaskId]) -> None:
        """Hold what a claim gave out against what it should have, one after the other."""
        self.tick()
        before = self.taken_before(claim)
        if before:
            assert list(got) == before, "a repeated claim gets the same tasks"
            for task_id in before:
                self.entries[task_id].until = self.now + lease
            return
        for task_id in got:
            self._check_choice(self.entries[task_id])
            entry = self.entries[task_id]
            entry.state, entry.claim, entry.until = "l", claim, self.now + lease
        assert len(got) == most or not self.runnable(), "a claim leaves nothing that it might have had"
        if got:
            self.claims[claim] = list(got)

    def _check_choice(self, chosen: Entry) -> None:
        candidates = self.runnable()
        assert chosen in candidates, f"{chosen.row.task_id} may not run"
        best = min(entry.lent for entry in candidates)
        oldest = min(entry.aged for entry in candidates)
        if chosen.lent != best:
            assert chosen.aged == oldest, "only the oldest of all comes before a better band"
        elif all(entry.lent > best for entry in candidates if entry.aged == oldest):
            raise AssertionError("one that is older than the bound comes first")
        beside = [e for e in candidates if e.lent == chosen.lent and e.row.lane == chosen.row.lane]
        assert chosen.place == min(e.place for e in beside), "first in, first out in a lane and band"

    def settle(self, task_id: TaskId, claim: ClaimId, is_over: bool, due: datetime | None) -> bool:
        entry = self.entries.get(task_id)
        if entry is None or entry.state != "l" or entry.claim != claim:
            return False
        if is_over:
            self.forget(task_id)
            return True
        self._leave_lease(entry)
        if due is not None and due > self.now:
            self._delay(entry, due)
        else:
            self._place(entry)
        return True

    def extend(self, task_id: TaskId, claim: ClaimId, lease: timedelta) -> bool:
        entry = self.entries.get(task_id)
        if entry is None or entry.state != "l" or entry.claim != claim:
            return False
        entry.until = self.now + lease
        self.claims.pop(claim, None)
        return True

    def wipe(self) -> Sequence[QueuedTask]:
        """Lose everything; tells the rows that the database would push again, running ones first."""
        rows = [self._row(entry) for entry in self.entries.values()]
        self.entries, self.owners, self.claims, self.paused = {}, {}, {}, set()
        return sorted(rows, key=lambda row: (row.lease is None, row.accepted_at, row.task_id))

    def _row(self, entry: Entry) -> QueuedTask:
        row = entry.row
        lease = None
        if entry.state == "l":
            assert entry.until is not None
            lease = Lease(ClaimId(entry.claim), entry.until)
        due = entry.until if entry.state == "d" else None
        return replace(row, due_at=due, lease=lease)

    def depth(self) -> dict[tuple[str, Band], int]:
        found: dict[tuple[str, Band], int] = {}
        for entry in self._waiting():
            key = entry.row.lane, entry.row.band
            found[key] = found.get(key, 0) + 1
        return found

    def _waiting(self) -> Iterable[Entry]:
        return (entry for entry in self.entries.values() if entry.state != "l")

    def running(self) -> dict[str, int]:
        lanes = {entry.row.lane for entry in self.entries.values()}
        return {lane: number for lane in lanes if (number := self.running_in(lane))}

    def places(self) -> dict[TaskId, Place]:
        return {task_id: (e.state, e.lent, e.until) for task_id, e in self.entries.items()}


class PartitionedModel:
    """Several queues beside each other: each lane in one, and a claim asks one after the other."""

    def __init__(self, now: datetime, terms: dict[str, Terms], count: int) -> None:
        self._parts = [QueueModel(now, dict(terms)) for _ in range(count)]
        self.lanes: dict[TaskId, str] = {}

    @property
    def now(self) -> datetime:
        return self._parts[0].now

    @now.setter
    def now(self, moment: datetime) -> None:
        for part in self._parts:
            part.now = moment

    @property
    def entries(self) -> dict[TaskId, Entry]:
        return {task_id: entry for part in self._parts for task_id, entry in part.entries.items()}

    def of_lane(self, lane: str) -> QueueModel:
        return self._parts[partition_of(lane, len(self._parts))]

    def of_task(self, task_id: TaskId) -> QueueModel:
        return self.of_lane(self.lanes[task_id])

    def enqueue(self, row: QueuedTask) -> None:
        self.lanes[row.task_id] = row.lane
        self.of_lane(row.lane).enqueue(row)

    def check_and_take(self, claim: ClaimId, most: int, lease: timedelta, got: Sequence[TaskId]) -> None:
        """Those that have something of an earlier claim of this name are asked first, and then no others."""
        earlier = [part for part in self._parts if claim in part.claims]
        if earlier:
            self._take_from(earlier, claim, most, lease, got if self._are_in(earlier, got) else [])
        if not earlier or not self._are_in(earlier, got):
            begin = crc32(claim.encode()) % len(self._parts)
            self._take_from([*self._parts[begin:], *self._parts[:begin]], claim, most, lease, got)

    def _are_in(self, parts: Sequence[QueueModel], got: Sequence[TaskId]) -> bool:
        return bool(got) and all(any(task_id in part.entries for part in parts) for task_id in got)

    def _take_from(
        self, parts: Sequence[QueueModel], claim: ClaimId, most: int, lease: timedelta, got: Sequence[TaskId]
    ) -> None:
        left = list(got)
        for part in parts:
            mine = [task_id for task_id in got if task_id in part.entries]
            assert left[: len(mine)] == mine, "partitions are asked one after the other"
            part.check_and_take(claim, most, lease, mine)
            most, left = most - len(mine), left[len(mine) :]
            if most <= 0:
                break
        assert not left

    def pause(self, scope: str) -> None:
        for part in self._parts:
            part.paused.add(scope)

    def resume(self, scope: str) -> None:
        for part in self._parts:
            part.paused.discard(scope)

    def wipe(self) -> Sequence[QueuedTask]:
        rows = [row for part in self._parts for row in part.wipe()]
        return sorted(rows, key=lambda row: (row.lease is None, row.accepted_at, row.task_id))

    def depth(self) -> dict[tuple[str, Band], int]:
        return {key: number for part in self._parts for key, number in part.depth().items()}

    def running(self) -> dict[str, int]:
        return {lane: number for part in self._parts for lane, number in part.running().items()}

    def places(self) -> dict[TaskId, Place]:
        return {task_id: place for part in self._parts for task_id, place in part.places().items()}
