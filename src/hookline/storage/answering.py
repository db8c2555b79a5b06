"""What a person says while a task of the conversation waits for it: the answer, and no task of its own."""

from collections.abc import Sequence

from pydantic import TypeAdapter
from sqlalchemy import Connection

from hookline.core.replies import may_answer
from hookline.domain.outcome import TaskRequested
from hookline.domain.task import TaskState
from hookline.domain.text import TEXT_LIMIT, clean, shorten
from hookline.storage.ingest_batch import Batch
from hookline.storage.key_groups import TwinGroup
from hookline.storage.life_rows import locked_tasks
from hookline.storage.life_writing import LockedTasks
from hookline.storage.lookups import as_array, is_one_of
from hookline.storage.rows import stored_name
from hookline.storage.task_changes import TaskFacts
from hookline.storage.words import Answer, add_answer

_WAITING = {
    "sqlite": (
        "SELECT conversation FROM tasks INDEXED BY ix_tasks_conversation_waiting WHERE state = 'waiting'"
    ),
    "postgresql": "SELECT conversation FROM tasks WHERE state = 'waiting'",
}
_NAMES: TypeAdapter[list[str]] = TypeAdapter(list[str])


def waiting_conversations(connection: Connection, conversations: Sequence[str]) -> frozenset[str]:
    """Those of these conversations in which a task waits for a person."""
    if not conversations:
        return frozenset()
    condition = is_one_of(connection, "conversation")
    given = as_array(connection, sorted(set(conversations)))
    rows = connection.exec_driver_sql(f"{_WAITING[connection.dialect.name]} AND {condition}", given)
    return frozenset(_NAMES.validate_python([row[0] for row in rows]))


def answer_waiting(work: Batch, group: TwinGroup, asked: TaskRequested, known: Sequence[TaskFacts]) -> bool:
    """Wake the newest task of the conversation that waits; tells whether there was one to answer."""
    place = stored_name(work.conversation(asked.facts.conversation or ""))
    waiting = [task for task in known if task.state is TaskState.WAITING and task.conversation == place]
    if not waiting or not may_answer(asked):
        return False
    receipt, answer = work.leader(group).receipt, _answer(work, group, asked)
    locked = LockedTasks(work.connection, locked_tasks(work.connection, [waiting[-1].id]))
    task = locked.lives[waiting[-1].id]
    add_answer(work.connection, task.id, task.fence, answer)
    task.answer(answer.text, answer.said_by, receipt.id)
    locked.write(receipt.received_at)
    waiting[-1].state, waiting[-1].due_at = task.state, task.due_at
    queued = task.as_queued()
    if queued is not None:
        work.queued.append(queued)
    work.applied(group, "answer", task.id)
    return True


def _answer(work: Batch, group: TwinGroup, asked: TaskRequested) -> Answer:
    receipt, actor = work.leader(group).receipt, asked.facts.actor
    return Answer(
        delivery_id=receipt.id,
        text=shorten(clean(asked.command.text), TEXT_LIMIT),
        said_by=None if actor is None else stored_name(actor.name or actor.id),
        url=None if asked.facts.url is None else shorten(clean(asked.facts.url), TEXT_LIMIT),
        said_at=receipt.received_at,
    )
