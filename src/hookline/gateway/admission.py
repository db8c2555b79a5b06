"""Room for bytes that nobody has verified yet, so that forgeries cannot push out real webhooks."""

from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from hookline.domain.errors import OverloadedError
from hookline.domain.source import MEBIBYTE


@dataclass(frozen=True, slots=True)
class AdmissionLimits:
    """Bounds of unverified bytes in flight.

    Bodies up to `small_body` share `small_bytes`, larger ones `large_bytes`: neither can use up the other's.
    An address with more than `failures` recent bad signatures (one is forgiven every `forgive_seconds`) may
    have one large body in flight at a time.
    """

    small_body: int = MEBIBYTE
    small_bytes: int = 64 * MEBIBYTE
    large_bytes: int = 128 * MEBIBYTE
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


class Admission:
    """Gives out room for unverified bodies."""

    def __init__(self, limits: AdmissionLimits, clock: Callable[[], float]) -> None:
        """Keep the limits and a monotonic clock in seconds."""
        self.limits = limits
        self.failures = FailureBuckets(limits, clock)
        self._small_bytes = 0
        self._large_bytes = 0
        self._large_bodies: Counter[str] = Counter()

    @property
    def bytes_in_flight(self) -> int:
        """Unverified bytes for which room is reserved now."""
        return self._small_bytes + self._large_bytes

    def enter(self, provider: str, address: str, size: int) -> Room:
        """Reserve room for a body of this size.

        Raises:
            OverloadedError: there is none left.
        """
        room = Room(provider, address)
        self.grow(room, size, size)
        return room

    def grow(self, room: Room, size: int, ceiling: int) -> None:
        """Make a room fit a body whose length was not told.

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
        elif self._small_bytes + size - room.small > self.limits.small_bytes:
            raise OverloadedError(room.provider, "too many unverified bytes in flight")
        else:
            self._small_bytes += size - room.small
            room.small = size

    def leave(self, room: Room) -> None:
        """Give all of a room back."""
        self._small_bytes -= room.small
        self._large_bytes -= room.large
        if room.large:
            self._large_bodies[room.address] -= 1
            if not self._large_bodies[room.address]:
                del self._large_bodies[room.address]
        room.small = room.large = 0

    def _enlarge(self, room: Room, size: int) -> None:
        if self._large_bodies[room.address] and self.failures.is_exhausted(room.address):
            raise OverloadedError(room.provider, "too many bad signatures from this address")
        if self._large_bytes + size > self.limits.large_bytes:
            raise OverloadedError(room.provider, "too many unverified bytes in flight")
        self._large_bytes += size
        self._large_bodies[room.address] += 1
        room.large = size
