"""How the tasks of a conversation stand, looked up within the transaction of intake."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import Connection, select, true

from hookline.core.lifecycle import REDRIVABLE_STATES
from hookline.core.replies import Standing
from hookline.domain.ids import TaskId
from hookline.domain.task import FINISHED_STATES, TaskState
from hookline.storage.models import DeliveryRow, TaskRow
from hookline.storage.states import is_in

MOST_UNFINISHED = 10
MOST_FINISHED = 3
_IS_OVER = is_in(*sorted(FINISHED_STATES))


def standings_of(
    connection: Connection, conversation: str, task_id: str | None, without: Collection[TaskId]
) -> Sequence[Standing]:
    """The newest finished and unfinished tasks of a conversation, or the one that is named, oldest first."""
    is_meant = true() if task_id is None else TaskRow.id == task_id
    columns = (TaskRow.id, TaskRow.state, TaskRow.verb, TaskRow.accepted_at, TaskRow.fence, TaskRow.due_at)
    found: list[Standing] = []
    for condition, most in ((~_IS_OVER, MOST_UNFINISHED), (_IS_OVER, MOST_FINISHED)):
        query = (
            select(*columns)
            .where((TaskRow.conversation == conversation) & condition & is_meant)
            .where(TaskRow.id.not_in(sorted(without)))
            .order_by(TaskRow.id.desc())
            .limit(most)
        )
        found += [
            Standing(TaskId(known), TaskState(state), verb, accepted_at, fence, until)
            for known, state, verb, accepted_at, fence, until in connection.execute(query)
        ]
    return sorted(found, key=lambda task: task.id)


def newest_given_up(connection: Connection, conversation: str, task_id: str | None) -> TaskId | None:
    """The newest failed or dead task of a conversation, or the one that is named."""
    is_meant = true() if task_id is None else TaskRow.id == task_id
    query = (
        select(TaskRow.id)
        .where((TaskRow.conversation == conversation) & is_in(*sorted(REDRIVABLE_STATES)) & is_meant)
        .order_by(TaskRow.id.desc())
        .limit(1)
    )
    found = connection.execute(query).scalar_one_or_none()
    return None if found is None else TaskId(found)


def deliveries_of_given_up(connection: Connection, task_ids: Sequence[TaskId]) -> Mapping[TaskId, str | None]:
    """Those of these tasks that failed or died, with the provider's id of the delivery that made each."""
    if not task_ids:
        return {}
    query = (
        select(TaskRow.id, DeliveryRow.external_id)
        .join(DeliveryRow, DeliveryRow.id == TaskRow.delivery_id)
        .where(TaskRow.id.in_(task_ids) & is_in(*sorted(REDRIVABLE_STATES)))
    )
    return {TaskId(task_id): sent_as for task_id, sent_as in connection.execute(query)}
