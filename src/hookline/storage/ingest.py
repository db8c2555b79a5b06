"""The transaction of intake: keys, tasks, controls and deliveries of a whole batch."""

from collections.abc import Sequence
from functools import partial

from sqlalchemy import Connection

from hookline.core.replies import may_answer
from hookline.domain.command import Verb
from hookline.domain.delivery import Accepted, Applied, Duplicate
from hookline.domain.frozen import frozen
from hookline.domain.intake import Committed, Note, Submission
from hookline.domain.outcome import ConversationControl, Reason, TaskRequested, Withdraw
from hookline.domain.queue import Changed
from hookline.domain.rules import Caps
from hookline.storage.answering import answer_waiting, waiting_conversations
from hookline.storage.bulk import GatheredInserts
from hookline.storage.caps import over_cap
from hookline.storage.claims import claim_keys
from hookline.storage.columns import microseconds
from hookline.storage.database import Database
from hookline.storage.ingest_batch import Batch, latest
from hookline.storage.ingest_controls import apply_control, retry_redelivered
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
    stored_name,
    task_cells,
)
from hookline.storage.task_changes import TaskFacts, made_alike, replace_unstarted, revise, tasks_about


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
        work = Batch(connection, batch, GatheredInserts(connection))
        claims = claim_keys(connection, batch)
        for index, task_id in claims.repeats.items():
            work.verdicts[index] = Duplicate(task_id)
        work.conversations.update(canonical_conversations(connection, _conversations(batch)))
        waiting = _waiting(work, claims.leaders)
        plain = {group.leader for group in claims.leaders if _is_plain(work, group, waiting)}
        self._create(work, [group for group in claims.leaders if group.leader in plain])
        self._change(work, [group for group in claims.leaders if group.leader not in plain])
        retry_redelivered(work, claims.repeats)
        _record(work)
        work.inserts.send()
        return Committed(
            [work.verdicts[index] for index in range(len(batch))],
            Changed(work.queued, work.removed, work.running),
        )

    def _create(self, work: Batch, groups: Sequence[TwinGroup]) -> None:
        capped = over_cap(work.connection, self._caps, [work.submissions[g.leader] for g in groups])
        tasks: list[Submission] = []
        for group in groups:
            submission = work.submissions[group.leader]
            if submission.receipt.id in capped:
                work.passed(group, Reason.CAPPED)
                continue
            work.verdicts[group.leader] = Accepted(submission.task_id)
            tasks.append(submission)
        _insert_tasks(work, tasks)

    def _change(self, work: Batch, groups: Sequence[TwinGroup]) -> None:
        if not groups:
            return
        work.inserts.send()
        targets = _targets(work, groups)
        take_turns(work.connection, targets.turns)
        known = [*tasks_about(work.connection, targets.origins, targets.conversations)]
        for group in groups:
            outcome = work.leader(group).outcome
            if not isinstance(outcome, TaskRequested):
                apply_control(work, group, outcome, known)
                if isinstance(outcome.control, ConversationControl) and outcome.control.verb is Verb.RETRY:
                    known = [*tasks_about(work.connection, targets.origins, targets.conversations)]
            elif outcome.revises:
                self._edit(work, group, outcome, known)
            elif not answer_waiting(work, group, outcome, known):
                self._replace(work, group, outcome, known)

    def _edit(self, work: Batch, group: TwinGroup, asked: TaskRequested, known: list[TaskFacts]) -> None:
        task = latest(known, asked.facts.origin)
        if task is None or (task.state == "cancelled" and not task.has_started):
            self._add(work, group, asked, known)
        elif task.has_started or task.is_finished:
            work.passed(group, Reason.ALREADY_STARTED)
        else:
            receipt = work.leader(group).receipt
            revise(work.connection, task, asked, receipt.received_at, receipt.id)
            work.applied(group, "revise", task.id)
            work.queued.append(task.as_queued(asked.plan.band))

    def _replace(self, work: Batch, group: TwinGroup, asked: TaskRequested, known: list[TaskFacts]) -> None:
        submission, place, later = work.leader(group), _place(work, asked), work.later(group)
        idle = [task for task in known if not (task.is_finished or task.has_started)]
        there = [task for task in idle if task.conversation == place and task.id not in later]
        if self._add(work, group, asked, known) and asked.replaces and there:
            before, receipt = made_alike(work.connection, there, asked), submission.receipt
            replace_unstarted(work.connection, before, submission.task_id, receipt.received_at, receipt.id)
            work.removed.extend(task.id for task in before)

    def _add(self, work: Batch, group: TwinGroup, asked: TaskRequested, known: list[TaskFacts]) -> bool:
        self._create(work, [group])
        work.inserts.send()
        is_added = isinstance(work.verdicts[group.leader], Accepted)
        if is_added:
            known.append(work.fresh(work.leader(group), asked))
        return is_added


def _note(connection: Connection, notes: Sequence[Note]) -> None:
    bodies = stored_bodies([note.receipt for note in notes])
    cells = [note_cells(note, body) for note, body in zip(notes, bodies, strict=True)]
    _ = INSERT_DELIVERIES.run(connection, cells)


def _waiting(work: Batch, groups: Sequence[TwinGroup]) -> frozenset[str]:
    """The conversations in which somebody's words may answer a task that waits."""
    outcomes = [work.leader(group).outcome for group in groups]
    asked = [outcome for outcome in outcomes if isinstance(outcome, TaskRequested) and may_answer(outcome)]
    return waiting_conversations(work.connection, [_place(work, each) for each in asked])


def _is_plain(work: Batch, group: TwinGroup, waiting: frozenset[str]) -> bool:
    """Whether a submission makes a task whatever else is there."""
    asked = work.leader(group).outcome
    if not isinstance(asked, TaskRequested) or asked.revises or asked.replaces:
        return False
    return not (may_answer(asked) and _place(work, asked) in waiting)


def _place(work: Batch, asked: TaskRequested) -> str:
    return stored_name(work.conversation(asked.facts.conversation or ""))


def _conversations(batch: Sequence[Submission]) -> list[str]:
    return sorted({s.outcome.facts.conversation for s in batch if s.outcome.facts.conversation})


@frozen
class _Targets:
    """What the changes of a batch speak of; `turns` are taken before anything is looked at."""

    origins: Sequence[str]
    conversations: Sequence[str]
    turns: Sequence[str]


def _targets(work: Batch, groups: Sequence[TwinGroup]) -> _Targets:
    origins: list[str] = []
    conversations: list[str] = []
    turns: list[str] = []
    for group in groups:
        outcome = work.leader(group).outcome
        if isinstance(outcome, TaskRequested) and outcome.revises:
            origins.append(outcome.facts.origin or "")
        elif isinstance(outcome, TaskRequested):
            conversations.append(_place(work, outcome))
            turns.append(_place(work, outcome))
        elif isinstance(outcome.control, Withdraw):
            origins.append(outcome.control.origin)
        else:
            conversations.append(work.conversation(outcome.control.conversation))
    return _Targets(origins, conversations, [*origins, *turns])


def _insert_tasks(work: Batch, submissions: Sequence[Submission]) -> None:
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
    work.queued.extend(work.fresh(s, asked).as_queued(asked.plan.band) for s, asked in tasks)


def _record(work: Batch) -> None:
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
