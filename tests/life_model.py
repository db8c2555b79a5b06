"""The rules of a task's life in few words, for random histories."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from hookline.domain.ids import TaskId
from hookline.domain.lifecycle import Complete, Ending, Fail, Postpone, Release, Stop, Wait
from life_worlds import LIMITS

FINISHED = {"succeeded", "failed", "cancelled", "dead"}
GOES_TO = {
    Complete: "succeeded",
    Fail: "failed",
    Release: "queued",
    Postpone: "scheduled",
    Wait: "waiting",
    Stop: "cancelled",
}


@dataclass(eq=False)
class Expected:
    """A task as the rules say it should be."""

    task_id: TaskId
    conversation: str
    text: str
    folds_as: str | None
    state: str = "queued"
    fence: int = 0
    due_at: datetime | None = None
    lease_ends_at: datetime | None = None
    is_confirmed: bool = False
    is_to_stop: bool = False
    is_paused: bool = False
    losses: int = 0
    unclaimed: int = 0
    failures: int = 0
    folded_into: TaskId | None = None
    ended: dict[int, tuple[str, str]] = field(default_factory=dict[int, tuple[str, str]])
    words: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])

    @property
    def row(self) -> tuple:
        """Its columns as they should be stored."""
        counts = (self.losses, self.unclaimed, self.failures)
        return (self.state, self.fence, self.due_at, self.lease_ends_at, *counts)

    def become(self, state: str, due_at: datetime | None = None) -> None:
        self.state, self.due_at, self.lease_ends_at = state, due_at, None

    def begin(self, lease_ends_at: datetime) -> None:
        self.become("running")
        self.fence, self.lease_ends_at, self.is_confirmed = self.fence + 1, lease_ends_at, False

    def lose(self) -> None:
        self.losses += self.is_confirmed
        self.unclaimed += not self.is_confirmed
        if self.is_to_stop:
            self.become("cancelled")
        elif self.losses > LIMITS.most_losses or self.unclaimed > LIMITS.most_unclaimed:
            self.become("dead")
        else:
            self.become("queued")

    def forgive(self) -> None:
        self.become("queued")
        self.losses, self.unclaimed, self.failures, self.is_to_stop = 0, 0, 0, False

    def has_run_out(self, now: datetime) -> bool:
        return self.state == "running" and self.lease_ends_at <= now

    def after(self, ending: Ending) -> tuple[str, datetime | None]:
        """The state that an ending should lead to, and until when."""
        state, until = GOES_TO[type(ending)], None
        if isinstance(ending, Fail):
            self.failures += 1
            goes_on = ending.retry_at is not None and (self.is_to_stop or self.failures < LIMITS.most_tries)
            state, until = ("scheduled", ending.retry_at) if goes_on else ("failed", None)
        elif isinstance(ending, Postpone | Wait):
            until = ending.until
        return (state, until) if state in FINISHED or not self.is_to_stop else ("cancelled", None)


@dataclass
class Town:
    """All tasks, by age."""

    tasks: list[Expected] = field(default_factory=list[Expected])

    def running_in(self, conversation: str) -> Expected | None:
        here = (task for task in self.tasks if task.conversation == conversation)
        return next((task for task in here if task.state == "running"), None)

    def ready(self, now: datetime) -> Sequence[Expected]:
        """What a worker may begin now."""
        due = [task for task in self.tasks if task.due_at is None or task.due_at <= now]
        able = [task for task in due if task.state in {"queued", "scheduled"} and not task.is_paused]
        return [task for task in able if self.running_in(task.conversation) is None]

    def held_by_queue(self) -> Collection[TaskId]:
        return {task.task_id for task in self.tasks if task.state in {"queued", "scheduled", "running"}}

    def foldable(self, starting: Sequence[Expected]) -> Sequence[Expected]:
        """The oldest that wait where some tasks start, and may be folded: as many as are read."""
        conversations = {task.conversation for task in starting}
        waiting = [task for task in self.tasks if task.state == "queued" and task.folds_as is not None]
        here = [task for task in waiting if task.conversation in conversations]
        return here[: (LIMITS.most_folded + 1) * len(starting)]

    def fold_into(self, task: Expected, looked_at: Collection[Expected]) -> tuple[TaskId, ...]:
        """Follow-ups that wait unstarted and would run alike become part of a task that begins."""
        younger = self.tasks[self.tasks.index(task) + 1 :]
        alike = [
            other
            for other in younger
            if other.conversation == task.conversation and other.folds_as == task.folds_as is not None
        ]
        idle = [other for other in alike if other.state == "queued" and other.fence == 0]
        meant = [other for other in idle if not (other.is_paused or other.is_to_stop) and other in looked_at]
        folded = meant[: LIMITS.most_folded]
        for other in folded:
            other.become("cancelled")
            other.folded_into = task.task_id
            task.words.append((other.text, task.fence))
        return tuple(other.task_id for other in folded)
