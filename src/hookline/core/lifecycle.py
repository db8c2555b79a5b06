"""A task while its row is locked: what it is, and each change that may be made to it, told as a fact.

Nothing here reads a clock or a database. Storage loads a `TaskLife` under a lock, lets one of these changes
happen, and writes what became of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pydantic import JsonValue

from hookline.core.attempt import Attempt, LifeFact
from hookline.domain.command import Band
from hookline.domain.ids import DeliveryId, TaskId
from hookline.domain.lifecycle import AttemptOutcome, Fence, LifeLimits, Lost, Run, Start
from hookline.domain.queue import ClaimId, Lease, QueuedTask
from hookline.domain.task import CLAIMABLE_STATES, FINISHED_STATES, TaskState
from hookline.domain.text import NAME_LIMIT, clean, instant_text, one_line

REDRIVABLE_STATES = frozenset({TaskState.DEAD, TaskState.FAILED})


@dataclass(slots=True)
class TaskLife:
    """A task's standing, its attempts that are spoken of, and the facts that are not written yet.

    The last attempt is the current one where the task runs. `must_be_pushed` asks the relay to bring it to
    the queue anew.
    """

    id: TaskId
    band: Band
    lane: str
    conversation: str
    accepted_at: datetime
    open_key: str | None
    state: TaskState
    fence: Fence
    queued_reason: str | None = None
    due_at: datetime | None = None
    finished_at: datetime | None = None
    holder: str | None = None
    lease_ends_at: datetime | None = None
    lost_count: int = 0
    unclaimed_count: int = 0
    tries: int = 0
    cancel_requested_at: datetime | None = None
    paused_at: datetime | None = None
    fold_key: str | None = None
    outcome: str | None = None
    question: str | None = None
    result: str | None = None
    must_be_pushed: bool = False
    attempts: list[Attempt] = field(default_factory=list[Attempt])
    facts: list[LifeFact] = field(default_factory=list[LifeFact])

    @property
    def is_running(self) -> bool:
        """Whether a worker holds it."""
        return self.state is TaskState.RUNNING

    @property
    def is_claimable(self) -> bool:
        """Whether it may be started once it is due."""
        return self.state in CLAIMABLE_STATES

    @property
    def is_finished(self) -> bool:
        """Whether its life is over."""
        return self.state in FINISHED_STATES

    @property
    def is_to_be_cancelled(self) -> bool:
        """Whether somebody asked it to stop."""
        return self.cancel_requested_at is not None

    @property
    def attempt(self) -> Attempt | None:
        """The attempt that runs."""
        return self.attempts[-1] if self.is_running and self.attempts else None

    def is_held_by(self, fence: Fence) -> bool:
        """Whether the attempt of this fence runs."""
        return self.is_running and self.fence == fence

    def has_run_out(self, now: datetime) -> bool:
        """Whether it runs under a lease that is over."""
        return self.is_running and (self.lease_ends_at is None or self.lease_ends_at <= now)

    def is_due_after(self, now: datetime) -> bool:
        """Whether it should be left alone until later."""
        return self.due_at is not None and self.due_at > now

    def lost_to(self, fence: Fence) -> Lost:
        """What an attempt that is over is told: who has the task now."""
        if self.is_running:
            return Lost(self.id, fence, self.state, self.holder, self.fence)
        return Lost(self.id, fence, self.state, None, None)

    def as_queued(self) -> QueuedTask | None:
        """How the queue should know it; `None` where it should not hold it."""
        if self.is_running:
            return self.as_running()
        return self._at_its_place(None) if self.is_claimable else None

    def as_running(self) -> QueuedTask:
        """How the queue should know it while a worker holds it."""
        claim_id = ClaimId("") if self.attempt is None else self.attempt.claim_id
        lease = Lease(claim_id, self.lease_ends_at or self.accepted_at, self.is_to_be_cancelled)
        return self._at_its_place(lease)

    def tell(self, event: str, data: Mapping[str, JsonValue], delivery_id: DeliveryId | None = None) -> None:
        """Note a fact, as of the attempt that is the newest now."""
        self.facts.append(LifeFact(event, self.fence or None, data, delivery_id))

    def begin(self, start: Start, now: datetime) -> Run:
        """Let a worker have it."""
        self.fence = Fence(self.fence + 1)
        self.state = TaskState.RUNNING
        self.holder = start.worker
        self.lease_ends_at = now + start.lease
        self.queued_reason = self.due_at = self.question = None
        self.must_be_pushed = False
        tokens = (start.lease_hash, start.tool_hash)
        self.attempts.append(Attempt(self.fence, start.worker, start.claim_id, *tokens, now))
        until = instant_text(self.lease_ends_at)
        self.tell("task.started", {"worker": start.worker, "until": until, "failures": self.tries})
        return Run(self.id, self.fence, self.lease_ends_at)

    def resume(self, start: Start, attempt: Attempt, now: datetime) -> Run:
        """Give the same claim its attempt again, with the tokens it made this time."""
        attempt.lease_hash, attempt.tool_hash = start.lease_hash, start.tool_hash
        if self.lease_ends_at is None or self.lease_ends_at <= now:
            self.lease_ends_at = now + start.lease
        return Run(self.id, self.fence, self.lease_ends_at)

    def extend(self, lease: timedelta, now: datetime) -> datetime:
        """Let its lease hold from now on; tells until when."""
        self.lease_ends_at = now + lease
        if self.attempt is not None and self.attempt.confirmed_at is None:
            self.attempt.confirmed_at = now
        return self.lease_ends_at

    def park(self, behind: TaskId) -> None:
        """Let it wait for another task of its conversation."""
        reason = f"behind {behind}"
        if self.queued_reason != reason:
            self.queued_reason = reason
            self.tell("task.parked", {"behind": behind})

    def lose(self, now: datetime, limits: LifeLimits) -> None:
        """End the attempt whose lease ran out; one that was never heard of counts apart, and for less."""
        is_confirmed = self.attempt is None or self.attempt.confirmed_at is not None
        outcome = AttemptOutcome.LOST if is_confirmed else AttemptOutcome.UNCLAIMED
        self.lost_count += is_confirmed
        self.unclaimed_count += not is_confirmed
        counts = {"losses": self.lost_count, "unclaimed": self.unclaimed_count}
        self.tell("task.lease_lost", {"worker": self.holder, "outcome": outcome.value, **counts})
        attempt = self.attempt
        if self.is_to_be_cancelled:
            self.cancel("asked", now)
        elif self.lost_count > limits.most_losses:
            self._die(f"its lease was lost {self.lost_count} times", now)
        elif self.unclaimed_count > limits.most_unclaimed:
            self._die(f"{self.unclaimed_count} claims ended before a sign of life", now)
        else:
            self.queue_again("lease_lost")
        self.close(attempt, outcome, now)

    def may_absorb(self, other: "TaskLife") -> bool:
        """Whether another task is a follow-up that may become part of this one's next attempt."""
        is_alike = self.fold_key is not None and self.fold_key == other.fold_key
        is_idle = other.state is TaskState.QUEUED and other.fence == 0 and other.paused_at is None
        return is_alike and is_idle and other.id > self.id and not other.is_to_be_cancelled

    def absorb(self, other: "TaskLife", now: datetime) -> None:
        """Let a follow-up become part of the attempt that begins next; it ends unstarted."""
        other.fold(self.id, now)
        self.tell("task.absorbed", {"task": other.id})

    def fold(self, into: TaskId, now: datetime) -> None:
        """End it unstarted, as part of another task."""
        self._end(TaskState.CANCELLED, f"folded into {into}", now)
        self.tell("task.folded", {"into": into})

    def answer(self, text: str, said_by: str | None, delivery_id: DeliveryId) -> None:
        """Let it go on with what a person answered."""
        told = {"question": one_line(self.question or ""), "text": one_line(text), "by": said_by}
        self.tell("task.answered", told, delivery_id)
        self.queue_again("answered", delivery_id=delivery_id)

    def wake(self) -> None:
        """Let it go on although nobody answered."""
        self.tell("task.woken", {"reason": "nobody answered", "question": one_line(self.question or "")})
        self.queue_again("unanswered")

    def request_cancel(self, cause: str, now: datetime) -> None:
        """Ask its worker to stop, once."""
        if self.cancel_requested_at is None:
            self.cancel_requested_at = now
            self.tell("task.cancel_requested", {"cause": plain(cause)})

    def cancel(self, cause: str, now: datetime) -> None:
        """End it unfinished."""
        self.cancel_requested_at = self.cancel_requested_at or now
        self._end(TaskState.CANCELLED, f"cancelled: {cause}", now)
        self.tell("task.cancelled", {"cause": plain(cause)})

    def redrive(self, cause: str, delivery_id: DeliveryId | None = None) -> None:
        """Queue it again after it was given up, with its failures and losses forgotten."""
        self.lost_count = self.unclaimed_count = self.tries = 0
        self.finished_at = self.outcome = self.cancel_requested_at = None
        self.queue_again("redriven", cause, delivery_id)

    def succeed(self, result: str, now: datetime) -> None:
        """End it with a result."""
        self.result = result
        self._end(TaskState.SUCCEEDED, "succeeded", now)
        self.tell("task.succeeded", {"result_bytes": len(result.encode())})

    def fail(self, reason: str, now: datetime) -> None:
        """End it without one."""
        self._end(TaskState.FAILED, f"failed: {reason}", now)
        self.tell("task.failed", {"reason": plain(reason), "failures": self.tries})

    def schedule(self, event: str, until: datetime, reason: str) -> None:
        """Let it go on later."""
        self._go_on(TaskState.SCHEDULED)
        self.due_at = until
        self.queued_reason = plain(reason)
        self.tell(event, {"until": instant_text(until), "reason": plain(reason), "failures": self.tries})

    def wait(self, question: str, until: datetime) -> None:
        """Let it wait for a person."""
        self._go_on(TaskState.WAITING)
        self.must_be_pushed = False
        self.due_at = until
        self.question = question
        self.tell("task.waiting", {"until": instant_text(until), "question": one_line(question)})

    def queue_again(
        self, reason: str, cause: str | None = None, delivery_id: DeliveryId | None = None
    ) -> None:
        """Let it be claimed anew, at its old place."""
        self._go_on(TaskState.QUEUED)
        self.queued_reason = reason
        known = {} if cause is None else {"cause": plain(cause)}
        self.tell("task.queued", {"reason": reason, **known}, delivery_id)

    def close(
        self, attempt: Attempt | None, outcome: AttemptOutcome, now: datetime, digest: str | None = None
    ) -> None:
        """Note how an attempt ended, and what became of the task by it."""
        if attempt is not None:
            attempt.ended_at, attempt.outcome, attempt.digest = now, outcome, digest
            attempt.left_task = self.state

    def _at_its_place(self, lease: Lease | None) -> QueuedTask:
        place = (self.id, self.band, self.lane, self.conversation, self.accepted_at)
        return QueuedTask(*place, due_at=self.due_at, lease=lease)

    def _go_on(self, state: TaskState) -> None:
        self.state = state
        self.holder = self.lease_ends_at = self.due_at = self.queued_reason = self.question = None
        self.must_be_pushed = True

    def _die(self, why: str, now: datetime) -> None:
        self._end(TaskState.DEAD, f"dead: {why}", now)
        self.tell("task.dead", {"losses": self.lost_count, "unclaimed": self.unclaimed_count})

    def _end(self, state: TaskState, outcome: str, now: datetime) -> None:
        self._go_on(state)
        self.must_be_pushed = False
        self.finished_at = now
        self.outcome = plain(outcome)


def plain(text: str) -> str:
    """A reason as it is stored and shown: on one line, cut, without what no database stores."""
    return one_line(clean(text), NAME_LIMIT)
