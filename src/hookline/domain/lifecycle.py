"""The life of a task: what a worker may ask of it, what is answered, and the port that decides.

The database judges. Every transition is one conditional update on the task's state and fence, recorded in the
same transaction as a fact of its story. Whoever commits first wins; the queue follows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType, Protocol, TypeAlias

from pydantic import JsonValue

from hookline.domain.briefs import Brief
from hookline.domain.frozen import frozen
from hookline.domain.ids import TaskId
from hookline.domain.queue import Changed, ClaimId, QueuedTask
from hookline.domain.task import TaskState

Fence = NewType("Fence", int)
"""The number of an attempt; the database gives each attempt of a task a higher one than the one before."""


class AttemptOutcome(StrEnum):
    """How an attempt ended.

    `lost`: its lease ran out; `unclaimed`: it did so before the worker was heard of once, so most likely the
    claim's answer never arrived, or it never was sent.
    """

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    RELEASED = "released"
    DEFERRED = "deferred"
    WAITING = "waiting"
    CANCELLED = "cancelled"
    LOST = "lost"
    UNCLAIMED = "unclaimed"


@frozen
class Start:
    """A worker's claim of a task that the queue gave out; `lease` is how long it holds without a heartbeat.

    `lease_hash` and `tool_hash` are SHA-256 digests, in hex, of the tokens that the claim hands out.
    """

    task_id: TaskId
    claim_id: ClaimId
    worker: str
    lease: timedelta
    lease_hash: str
    tool_hash: str


@frozen
class Run:
    """Run it, as this attempt. The same claim asked again gets the same attempt, with its new tokens.

    `folded` are the follow-ups that it absorbed just now, which the queue should forget.
    """

    task_id: TaskId
    fence: Fence
    lease_ends_at: datetime
    folded: tuple[TaskId, ...] = ()


@frozen
class Defer:
    """Not before this moment."""

    task_id: TaskId
    until: datetime


@frozen
class Parked:
    """Another task of its conversation runs; `behind` is that one, as the queue should know it."""

    task_id: TaskId
    behind: QueuedTask


@frozen
class Over:
    """There is nothing to run: finished, waiting, held by another worker, or unknown (`state` is `None`)."""

    task_id: TaskId
    state: TaskState | None


StartAnswer: TypeAlias = Run | Defer | Parked | Over


@frozen
class Started:
    """Answers in the order of the claims, and what the workers are told of the tasks that run."""

    answers: tuple[StartAnswer, ...] = ()
    briefs: Mapping[TaskId, Brief] = field(default_factory=dict[TaskId, Brief])


@frozen
class Beat:
    """A sign of life of an attempt."""

    task_id: TaskId
    fence: Fence


@frozen
class Held:
    """The lease holds until then; with `is_cancelled` the worker should stop and finish as cancelled."""

    task_id: TaskId
    fence: Fence
    lease_ends_at: datetime
    is_cancelled: bool


@frozen
class Lost:
    """The attempt is over; `holder` and `holder_fence` tell who has the task now, where anybody has."""

    task_id: TaskId
    fence: Fence
    state: TaskState | None
    holder: str | None
    holder_fence: Fence | None


BeatAnswer: TypeAlias = Held | Lost


@frozen
class Complete:
    """It succeeded with this result."""

    result: Mapping[str, JsonValue]


@frozen
class Fail:
    """It failed; with `retry_at` it is tried again then, unless it was tried too often."""

    reason: str
    retry_at: datetime | None = None


@frozen
class Release:
    """The worker gives it back unharmed: it is shutting down, or cannot run this kind.

    Without `was_told` the gateway does so for it, since it never had the task.
    """

    reason: str
    was_told: bool = True


@frozen
class Postpone:
    """Not now: a rate limit or a refused reservation; the attempt does not count as a try."""

    until: datetime
    reason: str


@frozen
class Wait:
    """It waits for a person, without a lease, and goes on by an answer or at `until`."""

    question: str
    until: datetime


@frozen
class Stop:
    """It stopped because it was asked to."""

    reason: str


Ending: TypeAlias = Complete | Fail | Release | Postpone | Wait | Stop


@frozen
class Finish:
    """The end of an attempt; `digest` is of its whole content, so the same finish again is known as such."""

    task_id: TaskId
    fence: Fence
    ending: Ending
    digest: str


@frozen
class Finished:
    """What became of the task; `again` is what the queue should take in, where it goes on."""

    task_id: TaskId
    state: TaskState
    again: QueuedTask | None


FinishAnswer: TypeAlias = Finished | Lost


@frozen
class LifeLimits:
    """How often a task may be tried, and how often a lease of it may be lost, before it is given up.

    A lease that ran out before the worker was heard of once counts towards `most_unclaimed`, which is larger,
    since most often only the claim's answer was lost. A task that is paused when a worker claims it is
    deferred by `paused_for`, and asked about again. A start absorbs at most `most_folded` follow-ups.
    """

    most_tries: int = 3
    most_losses: int = 3
    most_unclaimed: int = 20
    most_folded: int = 50
    paused_for: timedelta = timedelta(seconds=30)


class LifecycleStore(Protocol):
    """Decides and records every transition of a task's life.

    Every method is one transaction, takes the time from the caller, and raises `StorageUnavailableError`
    when the database does not answer; whether it was committed is not known then, and each may be repeated.
    """

    async def start(self, starts: Sequence[Start], now: datetime, /) -> Started:
        """Begin attempts of claimed tasks, and read what their workers need, as of the same moment.

        A task whose last lease ran out is first ended as lost, then started. One that should be cancelled is
        cancelled instead. One of whose losses there were too many is dead.
        """
        ...

    async def extend(self, beats: Sequence[Beat], lease: timedelta, now: datetime, /) -> Sequence[BeatAnswer]:
        """Extend leases that hold; answers stand in the order of the beats."""
        ...

    async def finish(self, finish: Finish, now: datetime, /) -> FinishAnswer:
        """End an attempt; the same finish again gets the same answer."""
        ...

    async def reap(self, limit: int, now: datetime, /) -> Changed:
        """End attempts whose lease ran out, and wake tasks that waited too long, oldest first."""
        ...

    async def cancel(self, task_ids: Sequence[TaskId], cause: str, now: datetime, /) -> Changed:
        """Cancel what is not running, and ask for it where it is; finished ones are left as they are."""
        ...

    async def redrive(self, task_ids: Sequence[TaskId], cause: str, now: datetime, /) -> Changed:
        """Queue dead and failed tasks again, with their losses forgotten; others are left as they are."""
        ...
