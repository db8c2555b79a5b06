"""Room for bytes that nobody has verified yet, so that forgeries cannot push out real webhooks."""

from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from hookline.domain.errors import OverloadedError
from hookline.domain.source import MEBIBYTE


@dataclass(frozen=True, slots=True)
class AdmissionLimits:
    """Bounds of unverified bytes in flight.

    Bodies up to `small_body` share `small_bytes` by what has come of them, larger ones `large_bytes` by what
    they declare: neither can use up the other's. One address may have one part in `shares` of each. One with
    more than `failures` recent bad signatures or broken bodies (one is forgiven every `forgive_seconds`) may
    have one large body at a time, and one part in `bad_shares` of the bytes for small ones.
    """

    small_body: int = MEBIBYTE
    small_bytes: int = 64 * MEBIBYTE
    large_bytes: int = 128 * MEBIBYTE
    shares: int = 2
    bad_shares: int = 8
    failures: int = 10
    forgive_seconds: float = 6.0
    addresses: int = 10_000


class FailureBuckets:
    """Recent bad signatures per address; bounded, the longest unseen address is forgotten first."""

    def __init__(self, limits: AdmissionLimits, clock: Callable[[], float]) -> None:
        """Keep the limits and a monotonic clock in seconds."""
        self._limits = limits
        self._clock = clock
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def add(self, address: str) -> None:
        """Count a bad signature."""
        self._levels[address] = (self._level(address) + 1, self._clock())
        self._levels.move_to_end(address)
        if len(self._levels) > self._limits.addresses:
            _ = self._levels.popitem(last=False)

    def is_exhausted(self, address: str) -> bool:
        """Whether the address has used up its patience."""
        return self._level(address) >= self._limits.failures

    def _level(self, address: str) -> float:
        level, since = self._levels.get(address, (0.0, 0.0))
        drained = (self._clock() - since) / self._limits.forgive_seconds
        return max(0.0, level - drained)


@dataclass(slots=True)
class Room:
    """Room reserved for one body, in bytes."""

    provider: str
    address: str
    small: int = 0
    large: int = 0


class _Budget:
    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._by_address: Counter[str] = Counter()
        self.used = 0

    def held(self, address: str) -> int:
        return self._by_address[address]

    def is_refused(self, address: str, size: int, shares: int) -> bool:
        held = self.held(address)
        is_beyond_share = held > 0 and held + size > self._limit // shares
        return is_beyond_share or self.used + size > self._limit

    def take(self, address: str, size: int) -> None:
        self.used += size
        self._by_address[address] += size

    def give_back(self, address: str, size: int) -> None:
        self.used -= size
        self._by_address[address] -= size
        if not self._by_address[address]:
            del self._by_address[address]


class Admission:
    """Gives out room for unverified bodies."""

    def __init__(self, limits: AdmissionLimits, clock: Callable[[], float]) -> None:
        """Keep the limits and a monotonic clock in seconds."""
        self.limits = limits
        self.failures = FailureBuckets(limits, clock)
        self._small = _Budget(limits.small_bytes)
        self._large = _Budget(limits.large_bytes)

    @property
    def bytes_in_flight(self) -> int:
        """Unverified bytes for which room is reserved now."""
        return self._small.used + self._large.used

    def enter(self, provider: str, address: str, declared: int) -> Room:
        """Let a body come; a large one reserves what it declares, a small one nothing yet.

        Raises:
            OverloadedError: there is no room for a large one.
        """
        room = Room(provider, address)
        if declared > self.limits.small_body:
            self._enlarge(room, declared)
        return room

    def grow(self, room: Room, size: int, ceiling: int) -> None:
        """Make a room fit what has come of a body.

        Args:
            room: what is reserved already.
            size: bytes that have come so far.
            ceiling: bytes that may come at most, reserved at once when a small body turns out large.

        Raises:
            OverloadedError: there is none left.
        """
        if room.large or size <= room.small:
            return
        if size > self.limits.small_body:
            self._enlarge(room, ceiling)
            return
        is_bad = self.failures.is_exhausted(room.address)
        shares = self.limits.bad_shares if is_bad else self.limits.shares
        if self._small.is_refused(room.address, size - room.small, shares):
            raise OverloadedError(room.provider, "too many unverified bytes in flight")
        self._small.take(room.address, size - room.small)
        room.small = size

    def leave(self, room: Room) -> None:
        """Give all of a room back."""
        if room.small:
            self._small.give_back(room.address, room.small)
        if room.large:
            self._large.give_back(room.address, room.large)
        room.small = room.large = 0

    def _enlarge(self, room: Room, size: int) -> None:
        if self._large.held(room.address) and self.failures.is_exhausted(room.address):
            raise OverloadedError(room.provider, "too many bad signatures from this address")
        if self._large.is_refused(room.address, size, self.limits.shares):
            raise OverloadedError(room.provider, "too many unverified bytes in flight")
        self._large.take(room.address, size)
        room.large = size
