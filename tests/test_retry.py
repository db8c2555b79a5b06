"""Retrying: the policy's bounds, Retry-After, the budget, and what the retrier does with them."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import stamina
from hypothesis import given
from hypothesis import strategies as st

from hookline.core.retry import Retrier, RetryBudget, RetryPolicy, requested_wait

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
HALF = RetryPolicy(lambda: 0.5, first=SECOND, longest=10 * SECOND, attempts=6, total=60 * SECOND)

durations = st.timedeltas(min_value=timedelta(0), max_value=timedelta(hours=1))
positive = st.timedeltas(min_value=timedelta(milliseconds=1), max_value=timedelta(hours=1))


class BusyError(Exception):
    def __init__(self, retry_after: timedelta | None = None) -> None:
        super().__init__("busy")
        self.retry_after = retry_after


class Dependency:
    """Fails with the given errors, then answers; moves the clock by the seconds that each call takes."""

    def __init__(self, *errors: BaseException, seconds: float = 0) -> None:
        self.errors = list(errors)
        self.seconds = seconds
        self.now = 50.0
        self.calls = 0

    async def answer(self) -> str:
        self.calls += 1
        self.now += self.seconds
        if self.errors:
            raise self.errors.pop(0)
        return "done"

    def retrier(self, policy: RetryPolicy = HALF, budget: RetryBudget | None = None) -> Retrier:
        return Retrier(
            policy,
            budget or RetryBudget(),
            lambda: self.now,
            is_transient=lambda error: not isinstance(error, KeyError),
            retry_after=lambda error: error.retry_after if isinstance(error, BusyError) else None,
        )


@pytest.fixture
def _no_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=1000):
        yield


@pytest.fixture
def waits() -> Iterator[list[tuple[str, float]]]:
    """What stamina tells its hooks of each retry, before it waits."""
    told: list[tuple[str, float]] = []
    stamina.instrumentation.set_on_retry_hooks([lambda retry: told.append((retry.name, retry.wait_for))])
    yield told
    stamina.instrumentation.set_on_retry_hooks(None)


@given(
    first=positive,
    factor=st.floats(min_value=1, max_value=10),
    longest=positive,
    attempt=st.integers(min_value=1, max_value=10_000),
)
def test_the_bound_is_monotone_and_capped(
    first: timedelta, factor: float, longest: timedelta, attempt: int
) -> None:
    policy = RetryPolicy(lambda: 0.0, first=first, factor=factor, longest=longest)
    this, following = policy.ceiling_after(attempt), policy.ceiling_after(attempt + 1)
    assert timedelta(0) < this <= following <= longest


@given(
    attempt=st.integers(min_value=1, max_value=20),
    chance=st.floats(min_value=0, max_value=1, exclude_max=True),
    elapsed=durations,
    asked=st.none() | durations,
)
def test_every_delay_keeps_the_promises(
    attempt: int, chance: float, elapsed: timedelta, asked: timedelta | None
) -> None:
    policy = RetryPolicy(lambda: chance, attempts=8)
    delay = policy.delay_after(attempt, elapsed, asked)
    least = asked or timedelta(0)
    if delay is None:
        most = least + policy.ceiling_after(attempt)
        assert attempt >= 8 or elapsed + most > policy.total
    else:
        assert attempt < 8
        assert least <= delay <= least + policy.ceiling_after(attempt)
        assert elapsed + delay <= policy.total


def test_jitter_is_full() -> None:
    nothing, half = RetryPolicy(lambda: 0.0, first=SECOND), RetryPolicy(lambda: 0.5, first=SECOND)
    assert [nothing.delay_after(number) for number in (1, 2, 3)] == [timedelta(0)] * 3
    assert [half.delay_after(number) for number in (1, 2, 3)] == [SECOND / 2, SECOND, 2 * SECOND]


def test_what_the_other_side_asks_for_is_waited_beyond_the_own_cap() -> None:
    assert HALF.delay_after(1, retry_after=20 * SECOND) == 20.5 * SECOND
    assert HALF.delay_after(1, retry_after=-20 * SECOND) == 0.5 * SECOND


def test_it_gives_up_by_number_and_by_time() -> None:
    assert HALF.delay_after(5) is not None
    assert HALF.delay_after(6) is None
    assert HALF.delay_after(1, elapsed=59.5 * SECOND) is not None
    assert HALF.delay_after(1, elapsed=59.6 * SECOND) is None
    assert HALF.delay_after(1, retry_after=61 * SECOND) is None


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("120", timedelta(minutes=2)),
        (" 0 ", timedelta(0)),
        ("Sun, 01 Mar 2026 12:00:30 GMT", timedelta(seconds=30)),
        ("Sun, 01 Mar 2026 11:00:00 GMT", timedelta(0)),
        ("Sun, 01 Mar 2026 12:00:30 -0000", timedelta(seconds=30)),
        ("-5", None),
        ("1.5", None),
        ("9" * 40, None),
        ("٣", None),
        ("soon", None),
        ("", None),
        ("Sun, 99 Mar 2026 12:00:30 GMT", None),
    ],
)
def test_a_retry_after_header_is_read(header: str, wait: timedelta | None) -> None:
    assert requested_wait(header, NOW) == wait


@given(st.text(max_size=60))
def test_any_retry_after_header_has_an_answer(header: str) -> None:
    wait = requested_wait(header, NOW)
    assert wait is None or wait >= timedelta(0)


@given(st.lists(st.booleans(), max_size=300))
def test_retries_are_at_most_a_fraction_of_the_calls(steps: list[bool]) -> None:
    budget = RetryBudget(fraction=0.25, burst=3)
    calls = retries = 0
    for is_call in steps:
        if is_call:
            budget.earn()
            calls += 1
        else:
            retries += budget.spend()
        assert retries <= 3 + calls * 0.25


@pytest.mark.usefixtures("_no_waiting")
async def test_it_calls_until_there_is_an_answer() -> None:
    dependency = Dependency(BusyError(), OSError(), BusyError())
    assert await dependency.retrier().call("it", dependency.answer) == "done"
    assert dependency.calls == 4


@pytest.mark.usefixtures("_no_waiting")
async def test_the_last_error_comes_through_as_it_was() -> None:
    errors = [BusyError() for _ in range(9)]
    dependency = Dependency(*errors)
    with pytest.raises(BusyError) as caught:
        await dependency.retrier().call("it", dependency.answer)
    assert dependency.calls == HALF.attempts
    assert caught.value is errors[HALF.attempts - 1]


@pytest.mark.usefixtures("_no_waiting")
@pytest.mark.parametrize("error", [KeyError("a"), asyncio.CancelledError()])
async def test_what_is_not_transient_is_not_repeated(error: BaseException) -> None:
    dependency = Dependency(error)
    with pytest.raises(type(error)):
        await dependency.retrier().call("it", dependency.answer)
    assert dependency.calls == 1


@pytest.mark.usefixtures("_no_waiting")
async def test_total_time_ends_it() -> None:
    dependency = Dependency(*[BusyError() for _ in range(9)], seconds=25)
    with pytest.raises(BusyError):
        await dependency.retrier().call("it", dependency.answer)
    assert dependency.calls == 3


@pytest.mark.usefixtures("_no_waiting")
async def test_an_empty_budget_ends_it() -> None:
    budget = RetryBudget(fraction=0.5, burst=2)
    dependency = Dependency(*[BusyError() for _ in range(99)])
    for _ in range(4):
        with pytest.raises(BusyError):
            await dependency.retrier(budget=budget).call("it", dependency.answer)
    assert dependency.calls == 4 + 3


async def test_stamina_is_told_the_name_and_the_wait(waits: list[tuple[str, float]]) -> None:
    instant = RetryPolicy(lambda: 0.5, first=timedelta(microseconds=2), longest=SECOND)
    dependency = Dependency(BusyError(), BusyError(timedelta(microseconds=10)))
    await dependency.retrier(instant).call("queue.enqueue", dependency.answer)
    assert [name.endswith("queue.enqueue") for name, _ in waits] == [True, True]
    assert [wait for _, wait in waits] == pytest.approx([1e-6, 12e-6])
