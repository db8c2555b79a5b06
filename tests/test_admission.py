"""Room for unverified bytes: separate for small and large bodies, and little for addresses that forge."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookline.domain.errors import OverloadedError
from hookline.gateway.admission import Admission, AdmissionLimits, Room

LIMITS = AdmissionLimits(
    small_body=10, small_bytes=30, large_bytes=100, failures=3, forgive_seconds=10, addresses=2
)


class Seconds:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def admission(clock: Seconds | None = None) -> Admission:
    return Admission(LIMITS, clock or Seconds())


def come(gate: Admission, address: str, size: int) -> Room:
    """A small body of which so much has come."""
    room = gate.enter("github", address, 10)
    gate.grow(room, size, ceiling=10)
    return room


def test_small_bodies_fill_their_own_room_only() -> None:
    gate = admission()
    rooms = [come(gate, address, 10) for address in "abc"]
    with pytest.raises(OverloadedError, match="unverified"):
        come(gate, "d", 1)
    gate.enter("github", "a", 50)
    gate.leave(rooms[0])
    come(gate, "d", 10)


def test_a_declared_length_alone_takes_no_room_of_small_bodies() -> None:
    gate = admission()
    for _ in range(1000):
        gate.enter("github", "a", 10)
    assert gate.bytes_in_flight == 0


def test_one_address_cannot_take_all_the_room() -> None:
    gate = admission()
    come(gate, "a", 10)
    with pytest.raises(OverloadedError):
        come(gate, "a", 6)
    come(gate, "b", 10)
    gate.enter("github", "a", 50)
    with pytest.raises(OverloadedError):
        gate.enter("github", "a", 11)
    gate.enter("github", "b", 50)


def test_one_body_may_be_larger_than_an_address_s_share() -> None:
    gate = admission()
    gate.enter("github", "a", 90)
    with pytest.raises(OverloadedError):
        gate.enter("github", "a", 11)


def test_an_address_that_forges_has_little_room_for_small_bodies() -> None:
    gate = admission()
    for _ in range(3):
        gate.failures.add("a")
    come(gate, "a", 2)
    with pytest.raises(OverloadedError):
        come(gate, "a", 2)
    come(gate, "b", 10)


def test_large_bodies_fill_their_own_room_only() -> None:
    gate = admission()
    gate.enter("github", "a", 60)
    with pytest.raises(OverloadedError):
        gate.enter("github", "b", 60)
    come(gate, "b", 10)


def test_a_body_of_unknown_length_takes_all_it_may_need_once_it_is_large() -> None:
    gate = admission()
    room = gate.enter("github", "a", 0)
    gate.grow(room, 8, ceiling=90)
    assert gate.bytes_in_flight == 8
    gate.grow(room, 11, ceiling=90)
    gate.grow(room, 80, ceiling=90)
    assert gate.bytes_in_flight == 98
    gate.leave(room)
    assert gate.bytes_in_flight == 0


def test_an_address_that_forges_has_one_large_body_at_a_time_until_it_is_forgiven() -> None:
    clock = Seconds()
    gate = admission(clock)
    for _ in range(3):
        gate.failures.add("a")
    first = gate.enter("github", "a", 20)
    with pytest.raises(OverloadedError, match="bad signatures"):
        gate.enter("github", "a", 20)
    gate.enter("github", "b", 20)
    gate.enter("github", "a", 10)
    gate.leave(first)
    gate.enter("github", "a", 20)
    clock.now = 11
    gate.enter("github", "a", 20)


def test_forgotten_addresses_cost_no_memory() -> None:
    gate = admission()
    for address in ("a", "a", "a", "b", "c"):
        gate.failures.add(address)
    assert not gate.failures.is_exhausted("a")


@given(st.lists(st.tuples(st.integers(0, 120), st.integers(0, 120), st.booleans()), max_size=30))
def test_what_is_taken_is_given_back(bodies: list[tuple[int, int, bool]]) -> None:
    gate = admission()
    rooms = []
    for declared, grown, leaves_at_once in bodies:
        try:
            room = gate.enter("github", "a", declared)
        except OverloadedError:
            continue
        rooms.append(room)
        try:
            gate.grow(room, grown, ceiling=100)
        except OverloadedError:
            gate.leave(room)
        if leaves_at_once:
            gate.leave(room)
    assert gate.bytes_in_flight <= LIMITS.small_bytes + LIMITS.large_bytes
    for room in rooms:
        gate.leave(room)
    assert gate.bytes_in_flight == 0
