"""The transaction of intake: keys, tasks, controls and deliveries of a whole batch."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import assert_never

from sqlalchemy import Connection

from hookline.domain.command import Verb
from hookline.domain.delivery import Accepted, Applied, Duplicate, Passed, Verdict
from hookline.domain.ids import TaskId
from hookline.domain.intake import Committed, Note, Submission
from hookline.domain.outcome import (
    ControlRequested,
    ConversationControl,
    Reason,
    TaskRequested,
    Withdraw,
)
from hookline.domain.queue import Changed, QueuedTask
from hookline.domain.rules import Caps
from hookline.domain.task import TaskState
from hookline.storage.bulk import GatheredInserts
from hookline.storage.caps import over_cap
from hookline.storage.claims import claim_keys, point_keys, release_keys
from hookline.storage.columns import microseconds
from hookline.storage.database import Database
from hookline.storage.key_groups import TwinGroup
from hookline.storage.lookups import canonical_conversations, take_turns
from hookline.storage.rows import (
    INSERT_ALIASES,
    INSERT_DELIVERIES,
    INSERT_DELIVERY_TASKS,
    INSERT_EVENTS,
    INSERT_TASKS,
    created_event_cells,
    delivery_cells,
    note_cells,
    stored_bodies,
    stored_lane,
    stored_name,
    task_cells,
)
from hookline.storage.task_changes import TaskFacts, cancel_unleased, request_cancel, revise, tasks_about


@dataclass(slots=True)
class _Batch:
    connection: Connection
    submissions: Sequence[Submission]
    inserts: GatheredInserts
    conversations: dict[str, str] = field(default_factory=dict[str, str])
    verdicts: dict[int, Verdict] = field(default_factory=dict[int, Verdict])
    queued: list[QueuedTask] = field(default_factory=list[QueuedTask])
    removed: list[TaskId] = field(default_factory=list[TaskId])
    running: list[TaskId] = field(default_factory=list[TaskId])

    def conversation(self, key: str) -> str:
        return self.conversations.get(key, key)


class SqlIngestStore:
    """`IngestStore` on SQLite and PostgreSQL."""

    def __init__(self, database: Database, caps: Caps) -> None:
        """Keep the database and the hourly caps."""
        self._database = database
        self._caps = caps

    async def commit(self, batch: Sequence[Submission], /) -> Committed:
        """Commit all of a batch in one transaction; see the port."""
        return await self._database.transact(partial(self._commit, batch=batch))

    async def record(self, notes: Sequence[Note], /) -> None:
        """Store deliveries that changed nothing."""
        _ = await self._database.transact(partial(_note, notes=notes))

    def _commit(self, connection: Connection, batch: Sequence[Submission]) -> Committed:
        work = _Batch(connection, batch, GatheredInserts(connection))
        claims = claim_keys(connection, batch)
        for index, task_id in claims.repeats.items():
            work.verdicts[index] = Duplicate(task_id)
        work.conversations.update(canonical_conversations(connection, _conversations(batch)))
        self._create(work, [g for g in claims.leaders if _is_plain(batch[g.leader])])
        self._change(work, [g for g in claims.leaders if not _is_plain(batch[g.leader])])
        _record(work)
        work.inserts.send()
        return Committed(
            [work.verdicts[index] for index in range(len(batch))],
            Changed(work.queued, work.removed, work.running),
        )

    def _create(self, work: _Batch, groups: Sequence[TwinGroup]) -> None:
        capped = over_cap(work.connection, self._caps, [work.submissions[g.leader] for g in groups])
        tasks: list[Submission] = []
        for group in groups:
            submission = work.submissions[group.leader]
            if submission.receipt.id in capped:
                _pass(work, group, Reason.CAPPED)
                continue
            work.verdicts[group.leader] = Accepted(submission.task_id)
            tasks.append(submission)
        _insert_tasks(work, tasks)

    def _change(self, work: _Batch, groups: Sequence[TwinGroup]) -> None:
        if not groups:
            return
        work.inserts.send()
        origins, conversations = _targets(work, groups)
        take_turns(work.connection, origins)
        known = [*tasks_about(work.connection, origins, conversations)]
        for group in groups:
            outcome = work.submissions[group.leader].outcome
            if isinstance(outcome, TaskRequested):
                self._edit(work, group, outcome, known)
            else:
                _control(work, group, outcome, known)

    def _edit(self, work: _Batch, group: TwinGroup, asked: TaskRequested, known: list[TaskFacts]) -> None:
        submission = work.submissions[group.leader]
        task = _latest(known, asked.facts.origin)
        if task is None or (task.state == "cancelled" and not task.has_started):
            self._create(work, [group])
            work.inserts.send()
            if isinstance(work.verdicts[group.leader], Accepted):
                known.append(_fresh(work, submission, asked))
        elif task.has_started or task.is_finished:
            _pass(work, group, Reason.ALREADY_STARTED)
        else:
            receipt = submission.receipt
            revise(work.connection, task, asked, receipt.received_at, receipt.id)
            _apply(work, group, "revise", task.id)
            work.removed.append(task.id)
            work.queued.append(task.as_queued(asked.plan.band))


def _note(connection: Connection, notes: Sequence[Note]) -> None:
    bodies = stored_bodies([note.receipt for note in notes])
    cells = [note_cells(note, body) for note, body in zip(notes, bodies, strict=True)]
    _ = INSERT_DELIVERIES.run(connection, cells)


def _is_plain(submission: Submission) -> bool:
    return isinstance(submission.outcome, TaskRequested) and not submission.outcome.revises


def _conversations(batch: Sequence[Submission]) -> list[str]:
    return sorted({s.outcome.facts.conversation for s in batch if s.outcome.facts.conversation})


def _latest(known: Sequence[TaskFacts], origin: str | None) -> TaskFacts | None:
    return next((task for task in reversed(known) if task.origin == origin), None)


def _fresh(work: _Batch, submission: Submission, asked: TaskRequested) -> TaskFacts:
    conversation = work.conversation(asked.facts.conversation or "")
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


def _targets(work: _Batch, groups: Sequence[TwinGroup]) -> tuple[list[str], list[str]]:
    origins: list[str] = []
    conversations: list[str] = []
    for group in groups:
        outcome = work.submissions[group.leader].outcome
        if isinstance(outcome, TaskRequested):
            origins.append(outcome.facts.origin or "")
        elif isinstance(outcome.control, Withdraw):
            origins.append(outcome.control.origin)
        else:
            conversations.append(work.conversation(outcome.control.conversation))
    return origins, conversations


def _insert_tasks(work: _Batch, submissions: Sequence[Submission]) -> None:
    tasks = [(s, s.outcome) for s in submissions if isinstance(s.outcome, TaskRequested)]
    for _, asked in tasks:
        if asked.joins:
            work.conversations.setdefault(asked.joins, work.conversation(asked.facts.conversation or ""))
    cells = [task_cells(s, asked, work.conversation(asked.facts.conversation or "")) for s, asked in tasks]
    work.inserts.add(INSERT_TASKS, cells)
    work.inserts.add(INSERT_EVENTS, [created_event_cells(s, asked) for s, asked in tasks])
    aliases = sorted(
        (asked.joins, work.conversation(asked.facts.conversation or ""), microseconds(s.receipt.received_at))
        for s, asked in tasks
        if asked.joins
    )
    work.inserts.add(INSERT_ALIASES, aliases)
    work.queued.extend(_fresh(work, s, asked).as_queued(asked.plan.band) for s, asked in tasks)


def _control(work: _Batch, group: TwinGroup, outcome: ControlRequested, known: Sequence[TaskFacts]) -> None:
    match outcome.control:
        case Withdraw() as control:
            _withdraw(work, group, control, known)
        case ConversationControl(verb=Verb.CANCEL) as control:
            _cancel(work, group, control, known)
        case ConversationControl():
            _pass(work, group, Reason.CONTROL_UNAVAILABLE)
        case _:
            assert_never(outcome.control)


def _withdraw(work: _Batch, group: TwinGroup, control: Withdraw, known: Sequence[TaskFacts]) -> None:
    receipt = work.submissions[group.leader].receipt
    task = _latest(known, control.origin)
    if task is None or (task.is_finished and not task.has_started):
        _pass(work, group, Reason.NOTHING_TO_WITHDRAW)
    elif task.has_started:
        _pass(work, group, Reason.ALREADY_STARTED)
    else:
        cancel_unleased(work.connection, task, receipt.received_at, receipt.id, control.why.value)
        work.removed.append(task.id)
        _apply(work, group, control.name, task.id)


def _cancel(work: _Batch, group: TwinGroup, control: ConversationControl, known: Sequence[TaskFacts]) -> None:
    receipt = work.submissions[group.leader].receipt
    conversation = work.conversation(control.conversation)
    later = {submission.task_id for submission in work.submissions[group.leader + 1 :]}
    meant = [
        task
        for task in known
        if not task.is_finished
        and task.conversation == conversation
        and control.task_id in {None, task.id}
        and task.id not in later
    ]
    if not meant:
        _pass(work, group, Reason.NOTHING_TO_CANCEL)
        return
    for task in meant:
        if task.state == "running":
            request_cancel(work.connection, task, receipt.received_at, receipt.id, "asked")
            work.running.append(task.id)
        else:
            cancel_unleased(work.connection, task, receipt.received_at, receipt.id, "asked")
            work.removed.append(task.id)
    _apply(work, group, control.name, meant[-1].id)


def _apply(work: _Batch, group: TwinGroup, control: str, task_id: TaskId) -> None:
    point_keys(work.connection, group, work.submissions[group.leader].receipt.id, task_id)
    work.verdicts[group.leader] = Applied(control, task_id)
    for twin in group.members[1:]:
        work.verdicts[twin] = Duplicate(task_id)


def _pass(work: _Batch, group: TwinGroup, reason: Reason) -> None:
    release_keys(work.connection, group, work.submissions[group.leader].receipt.id)
    for member in group.members:
        work.verdicts[member] = Passed(reason.value)


def _record(work: _Batch) -> None:
    pairs = [(submission, work.verdicts[at]) for at, submission in enumerate(work.submissions)]
    bodies = stored_bodies([submission.receipt for submission in work.submissions])
    rows = [delivery_cells(*pair, body) for pair, body in zip(pairs, bodies, strict=True)]
    work.inserts.add(INSERT_DELIVERIES, rows)
    joined = [
        (verdict.task_id, submission.receipt.id, _ROLES[verdict.status])
        for submission, verdict in pairs
        if isinstance(verdict, Accepted | Duplicate | Applied) and verdict.task_id
    ]
    work.inserts.add(INSERT_DELIVERY_TASKS, joined)


_ROLES = {"accepted": "origin", "duplicate": "duplicate", "applied": "control"}
