"""What is said back to people who ask about tasks, and which of their words answer a question.

Replies hold no text from outside, so nothing that somebody wrote can speak in the gateway's name.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from hookline.domain.command import Verb
from hookline.domain.frozen import frozen
from hookline.domain.ids import TaskId
from hookline.domain.outcome import TaskRequested
from hookline.domain.task import TaskState
from hookline.domain.trigger import Trigger

HELP = (
    "Say what to do: analyze, plan, ask and review change no code; fix, implement and improve do."
    " cancel ends the unfinished tasks of this conversation, retry tries the newest failed one again,"
    " status tells how they stand, help shows this."
    " Options are agent=, model=, priority=, mode= and budget=."
    " While a task waits for an answer, what you say without a verb is the answer."
)
NO_TASK = "There is no task here."
_ANSWERING = frozenset({Trigger.MENTION, Trigger.DIRECT_MESSAGE, Trigger.SLASH_COMMAND})


@frozen
class Standing:
    """How a task stands; `until` is when it is due, where it waits for that."""

    id: TaskId
    state: TaskState
    verb: str
    accepted_at: datetime
    fence: int
    until: datetime | None


def may_answer(asked: TaskRequested) -> bool:
    """Whether somebody's words would answer a question, if a task of their conversation waits with one."""
    is_addressed = asked.trigger in _ANSWERING and asked.revises is None
    return is_addressed and asked.command.verb is Verb.ASK and bool(asked.command.text.strip())


def status_text(tasks: Sequence[Standing]) -> str:
    """How tasks stand, one a line."""
    return "\n".join(map(_line, tasks)) or NO_TASK


def _line(task: Standing) -> str:
    attempts = f", attempt {task.fence}" if task.fence else ""
    until = "" if task.until is None else f", until {_told(task.until)}"
    since = _told(task.accepted_at)
    return f"Task {task.id}: {task.verb}, {task.state.value}{until}{attempts}, accepted {since}"


def _told(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
