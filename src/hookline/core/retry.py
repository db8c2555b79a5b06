"""When to try again: exponential backoff with full jitter, `Retry-After`, caps and a budget.

`RetryPolicy` decides, for callers that keep their own time (a row with a due date). `Retrier` acts on it in
place: its loop, its waiting and its instrumentation are stamina's, so `stamina.set_active(False)` turns
retries off and `stamina.set_testing(True)` takes the waiting out.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from itertools import count
from typing import TypeAlias, TypeVar

import stamina

ResultT = TypeVar("ResultT")

Chance: TypeAlias = Callable[[], float]
"""A random number from 0 up to 1, as `random.random` gives it."""

NO_TIME = timedelta(0)
_DIGITS_LIMIT = 9


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often, how far apart, and for how long.

    Attributes:
        chance: the source of randomness.
        first: the longest wait after the first attempt.
        factor: by what the longest wait grows with every further attempt.
        longest: what it never exceeds.
        attempts: all attempts, the first one included.
        total: no retry begins later than this after the first attempt began.
    """

    chance: Chance
    first: timedelta = timedelta(milliseconds=200)
    factor: float = 2.0
    longest: timedelta = timedelta(seconds=30)
    attempts: int = 5
    total: timedelta = timedelta(minutes=2)

    def ceiling_after(self, attempt: int) -> timedelta:
        """The longest wait after the given attempt, counted from 1, where nobody asked for more."""
        try:
            return self.first * min(self.factor ** (attempt - 1), self.longest / self.first)
        except OverflowError:
            return self.longest

    def delay_after(
        self, attempt: int, elapsed: timedelta = NO_TIME, retry_after: timedelta | None = None
    ) -> timedelta | None:
        """How long to wait after a failed attempt; `None`: give up.

        Args:
            attempt: which one failed, counted from 1.
            elapsed: the time since the first one began.
            retry_after: what the other side asked for; the jitter comes on top, so it is never undercut.
        """
        if attempt >= self.attempts:
            return None
        delay = max(retry_after or NO_TIME, NO_TIME) + self.ceiling_after(attempt) * self.chance()
        return delay if elapsed + delay <= self.total else None


def requested_wait(header: str, now: datetime) -> timedelta | None:
    """Read a `Retry-After` header: seconds or an HTTP date (RFC 9110, section 10.2.3); `None`: neither."""
    text = header.strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=int(text)) if len(text) <= _DIGITS_LIMIT else None
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return max(moment.replace(tzinfo=moment.tzinfo or UTC) - now, NO_TIME)


class RetryBudget:
    """Lets retries be at most a fraction of the calls, beyond a burst, so that they never become a storm."""

    def __init__(self, fraction: float = 0.2, burst: float = 10.0) -> None:
        """Begin with the whole burst.

        Args:
            fraction: retries earned by each call.
            burst: retries that can be saved up.
        """
        self._fraction = fraction
        self._burst = burst
        self._tokens = burst

    def earn(self) -> None:
        """Count a call."""
        self._tokens = min(self._burst, self._tokens + self._fraction)

    def spend(self) -> bool:
        """Take one retry out of the budget; false: it is used up."""
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


def no_request(_error: Exception) -> timedelta | None:
    """Nobody asked for a certain wait."""
    return None


class Retrier:
    """Calls again what failed for the moment, as policy and budget allow."""

    def __init__(
        self,
        policy: RetryPolicy,
        budget: RetryBudget,
        clock: Callable[[], float],
        is_transient: Callable[[Exception], bool],
        retry_after: Callable[[Exception], timedelta | None] = no_request,
    ) -> None:
        """Put it together.

        Args:
            policy: when to try again.
            budget: shared by all calls to one dependency.
            clock: monotonic seconds.
            is_transient: whether the same call may succeed a little later.
            retry_after: the wait that an error of the other side asks for.
        """
        self._policy = policy
        self._budget = budget
        self._clock = clock
        self._is_transient = is_transient
        self._retry_after = retry_after

    async def call(self, name: str, function: Callable[[], Awaitable[ResultT]]) -> ResultT:
        """Call and await `function` until it succeeds or the policy gives up.

        Args:
            name: names the call in stamina's instrumentation.
            function: safe to call again.

        Raises:
            Exception: the error of the last attempt, as it was.
        """
        numbers, begun = count(1), self._clock()

        def wait_after(error: BaseException) -> bool | timedelta:
            if not isinstance(error, Exception) or not self._is_transient(error):
                return False
            elapsed = timedelta(seconds=self._clock() - begun)
            wait = self._policy.delay_after(next(numbers), elapsed, self._retry_after(error))
            return wait if wait is not None and self._budget.spend() else False

        async def attempt() -> ResultT:
            return await function()

        attempt.__qualname__ = name
        self._budget.earn()
        return await stamina.retry(on=wait_after, attempts=None, timeout=None)(attempt)()
