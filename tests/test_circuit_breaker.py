"""The circuit breaker: states, one probe at a time, cancellation, late results, and a model."""

import asyncio
from contextlib import AbstractContextManager, suppress
from datetime import timedelta
from math import floor

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from hookline.core.circuit_breaker import SLOTS, CircuitBreaker, CircuitPolicy, CircuitState
from hookline.domain.errors import CircuitOpenError

POLICY = CircuitPolicy(
    failure_rate=0.5, minimum_calls=4, window=timedelta(seconds=10), open_for=timedelta(seconds=5)
)


class BrokenError(Exception):
    pass


class WrongInputError(Exception):
    pass


class Bench:
    """A breaker with a clock in the hand of the test, and everything it told."""

    def __init__(self) -> None:
        self.now = 100.0
        self.changes: list[tuple[str, CircuitState]] = []
        self.breaker = CircuitBreaker(
            "redis",
            lambda: self.now,
            POLICY,
            is_failure=lambda error: not isinstance(error, WrongInputError),
            on_change=lambda name, state: self.changes.append((name, state)),
        )

    def succeed(self, times: int = 1) -> None:
        for _ in range(times):
            with self.breaker.guard():
                pass

    def fail(self, times: int = 1, error: type[BaseException] = BrokenError) -> None:
        for _ in range(times):
            with suppress(error), self.breaker.guard():
                raise error

    def open(self) -> None:
        self.fail(POLICY.minimum_calls)
        assert self.breaker.state is CircuitState.OPEN

    def half_open(self) -> None:
        self.open()
        self.now += 5
        self.fail(error=asyncio.CancelledError)
        assert self.breaker.state is CircuitState.HALF_OPEN

    def is_refused(self) -> bool:
        try:
            self.succeed()
        except CircuitOpenError:
            return True
        return False


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def test_a_call_hands_on_its_result_and_its_error(bench: Bench) -> None:
    async def answer() -> int:
        return 7

    async def broken() -> int:
        raise BrokenError

    assert await bench.breaker.call(answer) == 7
    with pytest.raises(BrokenError):
        await bench.breaker.call(broken)


def test_too_few_calls_never_open(bench: Bench) -> None:
    bench.fail(POLICY.minimum_calls - 1)
    assert bench.breaker.state is CircuitState.CLOSED
    bench.fail()
    assert bench.breaker.state is CircuitState.OPEN


def test_the_share_of_failures_decides(bench: Bench) -> None:
    bench.succeed(10)
    bench.fail(9)
    assert bench.breaker.state is CircuitState.CLOSED
    bench.fail()
    assert bench.breaker.state is CircuitState.OPEN


def test_failures_leave_the_window(bench: Bench) -> None:
    bench.fail(3)
    bench.now += 10
    bench.fail(3)
    assert bench.breaker.state is CircuitState.CLOSED
    bench.fail()
    assert bench.breaker.state is CircuitState.OPEN


def test_open_refuses_and_tells_when_to_come_again(bench: Bench) -> None:
    bench.open()
    bench.now += 2
    with pytest.raises(CircuitOpenError) as caught:
        bench.succeed()
    assert (caught.value.name, caught.value.retry_after) == ("redis", timedelta(seconds=3))
    assert str(caught.value) == "redis: circuit open, next probe in 3.0 s"


def test_a_good_probe_closes_with_an_empty_window(bench: Bench) -> None:
    bench.open()
    bench.now += 5
    bench.succeed()
    bench.fail(3)
    assert bench.breaker.state is CircuitState.CLOSED


def test_a_bad_probe_opens_for_as_long_again(bench: Bench) -> None:
    bench.open()
    bench.now += 5
    bench.fail()
    assert bench.breaker.state is CircuitState.OPEN
    bench.now += 4.9
    assert bench.is_refused()
    bench.now += 0.1
    assert not bench.is_refused()


def test_every_change_is_told(bench: Bench) -> None:
    bench.open()
    bench.now += 5
    bench.succeed()
    states = [CircuitState.OPEN, CircuitState.HALF_OPEN, CircuitState.CLOSED]
    assert bench.changes == [("redis", state) for state in states]


async def test_of_twenty_concurrent_calls_one_is_the_probe(bench: Bench) -> None:
    bench.open()
    bench.now += 5
    let_go = asyncio.Event()
    entered: list[int] = []

    async def probe(number: int) -> None:
        entered.append(number)
        await let_go.wait()

    async def attempt(number: int) -> bool:
        try:
            await bench.breaker.call(lambda: probe(number))
        except CircuitOpenError:
            return False
        return True

    async with asyncio.TaskGroup() as group:
        attempts = [group.create_task(attempt(number)) for number in range(20)]
        await asyncio.wait(attempts, return_when=asyncio.FIRST_COMPLETED)
        assert len(entered) == 1
        let_go.set()
    assert sum(task.result() for task in attempts) == 1
    assert bench.breaker.state is CircuitState.CLOSED


async def test_a_cancelled_probe_counts_nothing_and_frees_its_place(bench: Bench) -> None:
    bench.open()
    bench.now += 5
    task = asyncio.create_task(bench.breaker.call(asyncio.Event().wait))
    await asyncio.sleep(0)
    assert bench.is_refused()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert bench.breaker.state is CircuitState.HALF_OPEN
    bench.succeed()
    assert bench.breaker.state is CircuitState.CLOSED


def test_cancellations_count_neither_for_nor_against(bench: Bench) -> None:
    bench.fail(20, asyncio.CancelledError)
    bench.fail(3)
    assert bench.breaker.state is CircuitState.CLOSED
    bench.fail(20, asyncio.CancelledError)
    bench.fail()
    assert bench.breaker.state is CircuitState.OPEN


def test_an_answer_that_is_no_failure_counts_as_success(bench: Bench) -> None:
    bench.half_open()
    bench.fail(error=WrongInputError)
    assert bench.breaker.state is CircuitState.CLOSED
    bench.fail(20, WrongInputError)
    assert bench.breaker.state is CircuitState.CLOSED


def test_late_results_of_an_earlier_generation_are_ignored(bench: Bench) -> None:
    late_good, late_bad = bench.breaker.guard(), bench.breaker.guard()
    late_good.__enter__()
    late_bad.__enter__()
    bench.half_open()
    late_good.__exit__(None, None, None)
    assert bench.breaker.state is CircuitState.HALF_OPEN
    bench.succeed()
    _leave(late_bad, BrokenError())
    bench.fail(3)
    assert bench.breaker.state is CircuitState.CLOSED


def test_a_late_cancellation_does_not_free_the_probe_of_another(bench: Bench) -> None:
    late = bench.breaker.guard()
    late.__enter__()
    bench.half_open()
    with bench.breaker.guard():
        _leave(late, asyncio.CancelledError())
        assert bench.is_refused()


def _leave(guard: AbstractContextManager[None], error: BaseException | None) -> None:
    with suppress(BrokenError, WrongInputError, asyncio.CancelledError):
        guard.__exit__(type(error) if error else None, error, None)


class BreakerModel(RuleBasedStateMachine):
    """The breaker beside a slow, plain account of every result."""

    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench()
        self.state = CircuitState.CLOSED
        self.generation = 0
        self.results: list[tuple[float, bool]] = []
        self.opened_at = 0.0
        self.running: list[tuple[int, AbstractContextManager[None]]] = []

    def become(self, state: CircuitState) -> None:
        self.state = state
        self.generation += 1
        self.results = []
        if state is CircuitState.OPEN:
            self.opened_at = self.bench.now

    @property
    def is_probing(self) -> bool:
        return any(generation == self.generation for generation, _ in self.running)

    @rule(seconds=st.sampled_from([0.25, 1.0, 4.5, 5.0, 11.0]))
    def pass_time(self, seconds: float) -> None:
        self.bench.now += seconds

    @rule()
    def begin(self) -> None:
        is_due = self.bench.now >= self.opened_at + 5
        if self.state is CircuitState.OPEN and is_due:
            self.become(CircuitState.HALF_OPEN)
        is_expected = self.state is CircuitState.CLOSED or (
            self.state is CircuitState.HALF_OPEN and not self.is_probing
        )
        guard = self.bench.breaker.guard()
        if is_expected:
            guard.__enter__()
            self.running.append((self.generation, guard))
        else:
            with pytest.raises(CircuitOpenError) as caught:
                guard.__enter__()
            assert timedelta(0) < caught.value.retry_after <= timedelta(seconds=5)

    @precondition(lambda self: self.running)
    @rule(
        which=st.integers(0, 99),
        error=st.sampled_from([None, BrokenError(), WrongInputError(), asyncio.CancelledError()]),
    )
    def end(self, which: int, error: BaseException | None) -> None:
        generation, guard = self.running.pop(which % len(self.running))
        _leave(guard, error)
        if generation != self.generation or isinstance(error, asyncio.CancelledError):
            return
        is_failure = isinstance(error, BrokenError)
        if self.state is CircuitState.HALF_OPEN:
            self.become(CircuitState.OPEN if is_failure else CircuitState.CLOSED)
            return
        self.results.append((self.bench.now, is_failure))
        slot = POLICY.window.total_seconds() / SLOTS
        oldest = floor(self.bench.now / slot) - SLOTS
        recent = [failed for at, failed in self.results if floor(at / slot) > oldest]
        if is_failure and len(recent) >= POLICY.minimum_calls and sum(recent) * 2 >= len(recent):
            self.become(CircuitState.OPEN)

    @invariant()
    def both_agree(self) -> None:
        assert self.bench.breaker.state is self.state


TestBreakerModel = BreakerModel.TestCase
