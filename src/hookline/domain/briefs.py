"""What a worker is told with a task: the session to go on in, and what was said since it was made."""

from datetime import datetime
from typing import Literal, TypeAlias

from hookline.domain.frozen import frozen
from hookline.domain.task import Task

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
    after_fence: int


@frozen
class Brief:
    """A task, the agent's newest session about its conversation, and all that was said, oldest first.

    `told_before` is the newest attempt before this one of which some worker was heard; 0 where there is none.
    """

    task: Task
    session: str | None = None
    told_before: int = 0
    words: tuple[Words, ...] = ()
