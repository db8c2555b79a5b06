"""A batch of intake while it is committed, and what becomes of its submissions."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from hookline.domain.delivery import Applied, Duplicate, Passed, Verdict
from hookline.domain.ids import TaskId
from hookline.domain.intake import Submission
from hookline.domain.outcome import Reason, TaskRequested
from hookline.domain.queue import QueuedTask
from hookline.domain.task import TaskState
from hookline.storage.bulk import GatheredInserts
from hookline.storage.claims import point_keys, release_keys
from hookline.storage.key_groups import TwinGroup
from hookline.storage.rows import stored_lane, stored_name
from hookline.storage.task_changes import TaskFacts


@dataclass(slots=True)
class Batch:
    """What a transaction of intake works on, and what it has decided so far.

    `queued`, `removed` and `running` are what the queue has to be told.
    """

    connection: Connection
    submissions: Sequence[Submission]
    inserts: GatheredInserts
    conversations: dict[str, str] = field(default_factory=dict[str, str])
    verdicts: dict[int, Verdict] = field(default_factory=dict[int, Verdict])
    queued: list[QueuedTask] = field(default_factory=list[QueuedTask])
    removed: list[TaskId] = field(default_factory=list[TaskId])
    running: list[TaskId] = field(default_factory=list[TaskId])

    def conversation(self, key: str) -> str:
        """What a key of a conversation stands for."""
        return self.conversations.get(key, key)

    def leader(self, group: TwinGroup) -> Submission:
        """The submission that speaks for its twins."""
        return self.submissions[group.leader]

    def later(self, group: TwinGroup) -> frozenset[TaskId]:
        """The tasks that submissions after this one make."""
        return frozenset(submission.task_id for submission in self.submissions[group.leader + 1 :])

    def applied(
        self, group: TwinGroup, control: str, task_id: TaskId | None, told: str | None = None
    ) -> None:
        """Something was done to a task, or said about tasks."""
        if task_id is not None:
            point_keys(self.connection, group, self.leader(group).receipt.id, task_id)
        self.verdicts[group.leader] = Applied(control, task_id, told=told)
        for twin in group.members[1:]:
            self.verdicts[twin] = Duplicate(task_id)

    def passed(self, group: TwinGroup, reason: Reason) -> None:
        """Nothing was done, so the same may be decided anew."""
        release_keys(self.connection, group, self.leader(group).receipt.id)
        for member in group.members:
            self.verdicts[member] = Passed(reason.value)

    def fresh(self, submission: Submission, asked: TaskRequested) -> TaskFacts:
        """A task of this batch, as one that is there already."""
        conversation = self.conversation(asked.facts.conversation or "")
        return TaskFacts(
            id=submission.task_id,
            state=TaskState.QUEUED,
            lane=stored_lane(submission, asked),
            conversation=stored_name(conversation),
            origin=asked.facts.origin or conversation,
            accepted_at=submission.receipt.received_at,
            due_at=None,
            fence=0,
            open_key=asked.open_key,
        )


def latest(known: Sequence[TaskFacts], origin: str | None) -> TaskFacts | None:
    """The newest task that a text has made."""
    return next((task for task in reversed(known) if task.origin == origin), None)
