"""A worker claims: the queue gives out, the database begins, and what it will not begin goes back."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import assert_never

from hookline.core.caller import Caller
from hookline.core.tokens import TokenKind, hash_of, make_token
from hookline.core.waiting_line import WaitingLine, set_within
from hookline.domain.briefs import Brief
from hookline.domain.errors import HooklineError, QueueUnavailableError
from hookline.domain.frozen import frozen
from hookline.domain.ids import Clock, TaskId
from hookline.domain.lifecycle import (
    Defer,
    Fence,
    Finish,
    Finished,
    LifecycleStore,
    Over,
    Parked,
    Release,
    Run,
    Start,
    StartAnswer,
)
from hookline.domain.queue import ClaimCall, ClaimId, Holding, Settlement, Taken, TaskQueue

FIRST_LEASE = timedelta(seconds=15)
"""How long a claim holds before the worker is heard of: short, since its answer may have been lost."""

PARKED_FOR = timedelta(seconds=5)
"""How long a task is left alone whose conversation runs in another lane, where the queue cannot see it."""

HUNG_UP = "the worker hung up before it had the task"


@frozen
class Assignment:
    """A task that a worker is to run, the tokens of its lease and of its agent's tools, and what to do."""

    task_id: TaskId
    fence: Fence
    lease_ends_at: datetime
    lease_token: str
    tool_token: str
    holding: Holding
    brief: Brief


@frozen
class _Offer:
    holding: Holding
    lease_token: str
    tool_token: str


class Claiming:
    """Gives tasks to workers, and lets those wait for whom there is none."""

    def __init__(
        self,
        queue: TaskQueue,
        life: LifecycleStore,
        line: WaitingLine,
        clock: Clock,
        first_lease: timedelta = FIRST_LEASE,
    ) -> None:
        """Keep the parts.

        Args:
            queue: what may run.
            life: what does run.
            line: where workers wait.
            clock: tells when attempts start.
            first_lease: how long a claim holds before the first heartbeat.
        """
        self._queue = queue
        self._life = life
        self._line = line
        self._clock = clock
        self._first_lease = first_lease

    def call(self, claim_id: ClaimId, most: int) -> ClaimCall:
        """What the queue is asked for a claim."""
        return ClaimCall(claim_id, most, self._first_lease)

    async def claim(
        self, worker: str, claim_id: ClaimId, most: int, wait: timedelta, caller: Caller | None = None
    ) -> Sequence[Assignment]:
        """Tasks to run, at most so many; waits for the first one no longer than `wait`.

        The same claim asked again gets the same tasks, with new tokens, as long as its first lease holds.
        What a `caller` would get that hung up meanwhile goes back at once.

        Raises:
            QueueUnavailableError: the queue does not answer.
            StorageUnavailableError: the database does not answer; the tasks go back.
        """
        loop = asyncio.get_running_loop()
        ends = loop.time() + wait.total_seconds()
        caller = caller or Caller()
        with self._line.place() as turn:
            caller.waits_for(turn)
            while not caller.is_gone:
                turn.clear()
                taken = await self._queue.claim(self.call(claim_id, most))
                found = await self._begin_for(caller, worker, taken)
                if found:
                    self._line.ring()
                    return found
                is_over = self._line.is_closed or loop.time() >= ends
                if is_over or (not taken.holdings and not await set_within(turn, ends - loop.time())):
                    return []
        return []

    async def _begin_for(self, caller: Caller, worker: str, taken: Taken) -> Sequence[Assignment]:
        if caller.is_gone:
            await self._give_back(taken.holdings)
            return []
        found = await self.begin(worker, taken)
        if caller.is_gone:
            await self.take_back(found)
            return []
        return found

    async def take_back(self, assignments: Sequence[Assignment], why: str = HUNG_UP) -> None:
        """Release what a worker was given that will never hear of it; what is over by now stays so.

        Raises:
            StorageUnavailableError: the database does not answer; the first leases run out.
        """
        ending = Release(why, was_told=False)
        for given in assignments:
            finish = Finish(given.task_id, given.fence, ending, hash_of(why))
            answer = await self._life.finish(finish, self._clock())
            if isinstance(answer, Finished):
                again = answer.again
                due_at = None if again is None else again.due_at
                await self._settle(Settlement(given.holding, again is None, due_at))
        self._line.ring()

    async def begin(self, worker: str, taken: Taken) -> Sequence[Assignment]:
        """Begin attempts of what the queue gave out; what may not run now goes back or leaves.

        Raises:
            QueueUnavailableError: the queue does not answer.
            StorageUnavailableError: the database does not answer; the tasks go back.
        """
        if taken.look_again_in is not None:
            self._line.ring_in(taken.look_again_in)
        offers = [
            _Offer(holding, make_token(TokenKind.LEASE), make_token(TokenKind.TOOL))
            for holding in taken.holdings
        ]
        if not offers:
            return []
        try:
            started = await self._life.start([self._start(worker, offer) for offer in offers], self._clock())
        except HooklineError:
            await self._give_back(taken.holdings)
            raise
        pairs = zip(offers, started.answers, strict=True)
        found = [await self._assigned(offer, answer, started.briefs) for offer, answer in pairs]
        return [assignment for assignment in found if assignment is not None]

    def _start(self, worker: str, offer: _Offer) -> Start:
        return Start(
            task_id=offer.holding.task_id,
            claim_id=offer.holding.claim_id,
            worker=worker,
            lease=self._first_lease,
            lease_hash=hash_of(offer.lease_token),
            tool_hash=hash_of(offer.tool_token),
        )

    async def _assigned(
        self, offer: _Offer, answer: StartAnswer, briefs: Mapping[TaskId, Brief]
    ) -> Assignment | None:
        match answer:
            case Run(task_id=task_id, fence=fence, lease_ends_at=ends, folded=folded):
                await self._forget(folded)
                tokens = (offer.lease_token, offer.tool_token)
                return Assignment(task_id, fence, ends, *tokens, offer.holding, briefs[task_id])
            case Defer(until=until):
                await self._settle(Settlement(offer.holding, is_over=False, due_at=until))
            case Parked(behind=behind):
                with suppress(QueueUnavailableError):
                    _ = await self._queue.enqueue([behind])
                due_at = None if behind.lane == offer.holding.lane else self._clock() + PARKED_FOR
                await self._settle(Settlement(offer.holding, is_over=False, due_at=due_at))
            case Over():
                await self._settle(Settlement(offer.holding, is_over=True))
            case _:
                assert_never(answer)
        return None

    async def _forget(self, folded: Sequence[TaskId]) -> None:
        """What the queue does not hear now it learns when it gives one of them out."""
        if folded:
            with suppress(QueueUnavailableError):
                _ = await self._queue.remove(folded)

    async def _give_back(self, holdings: Sequence[Holding]) -> None:
        for holding in holdings:
            await self._settle(Settlement(holding, is_over=False))

    async def _settle(self, settlement: Settlement) -> None:
        """What the queue does not hear now it learns when the first lease runs out."""
        with suppress(QueueUnavailableError):
            _ = await self._queue.settle(settlement, None)
