"""What a worker is told with a task: the session to go on in, and what was said since it was made."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, Protocol, TypeAlias

from hookline.domain.frozen import frozen
from hookline.domain.ids import TaskId
from hookline.domain.lifecycle import Fence

WordsKind: TypeAlias = Literal["folded", "answer"]
"""A follow-up that the task absorbed, or an answer to a question that it asked."""


@frozen
class Words:
    """What a person said; the attempt after `after_fence` is the first that is told."""

    kind: WordsKind
    text: str
    said_by: str | None
    url: str | None
    said_at: datetime
    after_fence: Fence


@frozen
class Brief:
    """The agent's newest session about the task's conversation, and all that was said, oldest first."""

    session: str | None = None
    words: tuple[Words, ...] = ()


class BriefReader(Protocol):
    """Reads what workers are told beside the task itself."""

    async def briefs(self, task_ids: Sequence[TaskId], /) -> Mapping[TaskId, Brief]:
        """The briefs of these tasks; each has one.

        Raises:
            StorageUnavailableError: the database does not answer.
        """
        ...
