"""Controls, applied in the transaction of intake: they speak of tasks, and never become one."""

from collections.abc import Mapping, Sequence
from typing import assert_never

from hookline.core.replies import HELP, status_text
from hookline.domain.command import Verb
from hookline.domain.delivery import Applied
from hookline.domain.ids import TaskId
from hookline.domain.outcome import ControlRequested, ConversationControl, Reason, TaskRequested, Withdraw
from hookline.storage.effects import INSERT_EFFECTS, reply_cells
from hookline.storage.ingest_batch import Batch, latest
from hookline.storage.key_groups import TwinGroup
from hookline.storage.life_commands import redrive_all
from hookline.storage.rows import stored_name
from hookline.storage.standings import deliveries_of_given_up, newest_given_up, standings_of
from hookline.storage.task_changes import TaskFacts, cancel_unleased, request_cancel


def apply_control(
    work: Batch, group: TwinGroup, outcome: ControlRequested, known: Sequence[TaskFacts]
) -> None:
    """Do what a control asks for, or say why nothing was done."""
    match outcome.control:
        case Withdraw() as control:
            _withdraw(work, group, control, known)
        case ConversationControl(verb=Verb.CANCEL) as control:
            _cancel(work, group, control, known)
        case ConversationControl(verb=Verb.RETRY) as control:
            _retry(work, group, control)
        case ConversationControl(verb=Verb.STATUS) as control:
            _tell_status(work, group, outcome, control)
        case ConversationControl(verb=Verb.HELP) as control:
            _reply(work, group, outcome, HELP, None)
        case ConversationControl():
            work.passed(group, Reason.CONTROL_UNAVAILABLE)
        case _:
            assert_never(outcome.control)


def _withdraw(work: Batch, group: TwinGroup, control: Withdraw, known: Sequence[TaskFacts]) -> None:
    receipt = work.leader(group).receipt
    task = latest(known, control.origin)
    if task is None or (task.is_finished and not task.has_started):
        work.passed(group, Reason.NOTHING_TO_WITHDRAW)
    elif task.has_started:
        work.passed(group, Reason.ALREADY_STARTED)
    else:
        cancel_unleased(work.connection, task, receipt.received_at, receipt.id, control.why.value)
        work.removed.append(task.id)
        work.applied(group, control.name, task.id)


def _cancel(work: Batch, group: TwinGroup, control: ConversationControl, known: Sequence[TaskFacts]) -> None:
    receipt = work.leader(group).receipt
    conversation = work.conversation(control.conversation)
    later = work.later(group)
    meant = [
        task
        for task in known
        if not task.is_finished
        and task.conversation == conversation
        and control.task_id in {None, task.id}
        and task.id not in later
    ]
    if not meant:
        work.passed(group, Reason.NOTHING_TO_CANCEL)
        return
    for task in meant:
        if task.state == "running":
            request_cancel(work.connection, task, receipt.received_at, receipt.id, "asked")
            work.running.append(task.id)
        else:
            cancel_unleased(work.connection, task, receipt.received_at, receipt.id, "asked")
            work.removed.append(task.id)
    work.applied(group, control.name, meant[-1].id)


def _retry(work: Batch, group: TwinGroup, control: ConversationControl) -> None:
    receipt = work.leader(group).receipt
    place = stored_name(work.conversation(control.conversation))
    task_id = newest_given_up(work.connection, place, control.task_id)
    ids = [] if task_id is None else [task_id]
    changed = redrive_all(work.connection, ids, "asked", receipt.received_at, receipt.id)
    if not changed.queued:
        work.passed(group, Reason.NOTHING_TO_RETRY)
        return
    work.queued.extend(changed.queued)
    work.applied(group, control.name, task_id)


def retry_redelivered(work: Batch, repeats: Mapping[int, TaskId | None]) -> None:
    """A delivery that is sent again retries its task, where that was given up."""
    sent = {
        index: task_id for index, task_id in repeats.items() if task_id is not None and _id_of(work, index)
    }
    given_up = deliveries_of_given_up(work.connection, sorted(set(sent.values())))
    for index, task_id in sent.items():
        if given_up.get(task_id) != _id_of(work, index):
            continue
        receipt = work.submissions[index].receipt
        changed = redrive_all(work.connection, [task_id], "redelivered", receipt.received_at, receipt.id)
        if changed.queued:
            work.queued.extend(changed.queued)
            work.verdicts[index] = Applied("redelivery", task_id)


def _id_of(work: Batch, index: int) -> str | None:
    """The provider's id of a delivery that asks for a task."""
    outcome = work.submissions[index].outcome
    return outcome.facts.external_id if isinstance(outcome, TaskRequested) else None


def _tell_status(
    work: Batch, group: TwinGroup, outcome: ControlRequested, control: ConversationControl
) -> None:
    place = stored_name(work.conversation(control.conversation))
    tasks = standings_of(work.connection, place, control.task_id, work.later(group))
    _reply(work, group, outcome, status_text(tasks), tasks[-1].id if tasks else None)


def _reply(
    work: Batch, group: TwinGroup, outcome: ControlRequested, text: str, task_id: TaskId | None
) -> None:
    """Say something to the asker: in the HTTP answer where a person waits for it, else as an effect."""
    if not outcome.facts.interactive:
        cells = reply_cells(work.leader(group).receipt, outcome.facts, text, task_id)
        work.inserts.add(INSERT_EFFECTS, [cells])
    work.applied(group, outcome.control.name, task_id, text)
