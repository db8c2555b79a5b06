"""A circuit breaker for calls to one dependency, on one event loop.

Closed, it lets calls through and counts them over a sliding window; open, it refuses them; half-open, it lets
one probe through at a time, whose success closes it and whose failure opens it again.
"""

from collections import deque
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from math import floor
from typing import TypeAlias, TypeVar

from hookline.domain.errors import CircuitOpenError

ResultT = TypeVar("ResultT")

SLOTS = 10
"""Parts of the window; results leave it one part at a time."""


class CircuitState(StrEnum):
    """What the breaker does with the next call."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


OnChange: TypeAlias = Callable[[str, CircuitState], None]
"""Told the breaker's name and its new state, in the call that caused the change."""


@dataclass(frozen=True, slots=True)
class CircuitPolicy:
    """When to open and for how long.

    It opens at a failure that brings the share of failures among the calls of the last `window` to
    `failure_rate` or more, once there are `minimum_calls` of them.
    """

    failure_rate: float = 0.5
    minimum_calls: int = 5
    window: timedelta = timedelta(seconds=30)
    open_for: timedelta = timedelta(seconds=5)


class CircuitBreaker:
    """Guards the calls to one dependency.

    An exception that does not count as a failure is an answer, hence a success. A cancellation, like anything
    else that is no `Exception`, is neither; so a time-out belongs inside the guarded call, not around it.
    A result of an earlier generation (the breaker changed its state since the call began) is ignored.
    """

    def __init__(
        self,
        name: str,
        clock: Callable[[], float],
        policy: CircuitPolicy | None = None,
        is_failure: Callable[[Exception], bool] = lambda _: True,
        on_change: OnChange = lambda _name, _state: None,
    ) -> None:
        """Begin closed.

        Args:
            name: names the dependency in errors and metrics.
            clock: monotonic seconds.
            policy: when to open and for how long.
            is_failure: whether an exception of a call speaks against the dependency.
            on_change: told every change of state.
        """
        self.name = name
        self._clock = clock
        self._policy = policy or CircuitPolicy()
        self._is_failure = is_failure
        self._on_change = on_change
        self._state = CircuitState.CLOSED
        self._generation = 0
        self._opened_at = 0.0
        self._is_probing = False
        self._recent = _Window(self._policy.window.total_seconds() / SLOTS)

    @property
    def state(self) -> CircuitState:
        """The state as of the last call; open turns to half-open with the first call that is due."""
        return self._state

    async def call(self, function: Callable[[], Awaitable[ResultT]]) -> ResultT:
        """Call and await `function` under the guard.

        Raises:
            CircuitOpenError: the call was refused and `function` not called.
        """
        with self.guard():
            return await function()

    @contextmanager
    def guard(self) -> Generator[None]:
        """Guard the block.

        Raises:
            CircuitOpenError: the block was refused.
        """
        generation = self._admit()
        try:
            yield
        except Exception as error:
            self._record(generation, is_failure=self._is_failure(error))
            raise
        except BaseException:
            self._forget(generation)
            raise
        else:
            self._record(generation, is_failure=False)

    def _admit(self) -> int:
        if self._state is CircuitState.CLOSED:
            return self._generation
        wait = self._opened_at + self._policy.open_for.total_seconds() - self._clock()
        if self._state is CircuitState.OPEN and wait > 0:
            raise CircuitOpenError(self.name, timedelta(seconds=wait))
        if self._is_probing:
            raise CircuitOpenError(self.name, self._policy.open_for)
        if self._state is CircuitState.OPEN:
            self._become(CircuitState.HALF_OPEN)
        self._is_probing = True
        return self._generation

    def _record(self, generation: int, *, is_failure: bool) -> None:
        if generation != self._generation:
            return
        if self._state is CircuitState.HALF_OPEN:
            self._become(CircuitState.OPEN if is_failure else CircuitState.CLOSED)
            return
        now = self._clock()
        self._recent.add(now, is_failure=is_failure)
        if is_failure and self._is_too_bad(now):
            self._become(CircuitState.OPEN)

    def _forget(self, generation: int) -> None:
        if generation == self._generation:
            self._is_probing = False

    def _is_too_bad(self, now: float) -> bool:
        calls, failures = self._recent.totals(now)
        return calls >= self._policy.minimum_calls and failures >= self._policy.failure_rate * calls

    def _become(self, state: CircuitState) -> None:
        self._state = state
        self._generation += 1
        self._is_probing = False
        self._recent.clear()
        if state is CircuitState.OPEN:
            self._opened_at = self._clock()
        self._on_change(self.name, state)


@dataclass(slots=True)
class _Slot:
    number: int
    calls: int = 0
    failures: int = 0


class _Window:
    """Counts of calls and failures, in slots, so that its size does not depend on the traffic."""

    def __init__(self, slot_seconds: float) -> None:
        self._slot_seconds = slot_seconds
        self._slots: deque[_Slot] = deque(maxlen=SLOTS)

    def add(self, now: float, *, is_failure: bool) -> None:
        number = floor(now / self._slot_seconds)
        if not self._slots or self._slots[-1].number != number:
            self._slots.append(_Slot(number))
        self._slots[-1].calls += 1
        self._slots[-1].failures += is_failure

    def totals(self, now: float) -> tuple[int, int]:
        oldest = floor(now / self._slot_seconds) - SLOTS + 1
        slots = [slot for slot in self._slots if slot.number >= oldest]
        return sum(slot.calls for slot in slots), sum(slot.failures for slot in slots)

    def clear(self) -> None:
        self._slots.clear()
