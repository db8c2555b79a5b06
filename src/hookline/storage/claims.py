"""Claims the keys of a batch: one sorted statement, then the losers learn whom they repeat."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, Connection, delete, update

from hookline.domain.ids import TaskId
from hookline.domain.intake import Submission
from hookline.domain.outcome import TaskRequested
from hookline.storage.bulk import Cells
from hookline.storage.columns import microseconds
from hookline.storage.key_groups import TwinGroup, group_twins
from hookline.storage.lookups import key_owners
from hookline.storage.models import DedupeKeyRow
from hookline.storage.rows import INSERT_KEYS


@dataclass(slots=True)
class Claims:
    """Who of a batch is the first to speak of its subject.

    `leaders` may act. `repeats` maps a submission to the task of the one it repeats, in the database or in
    the batch.
    """

    leaders: list[TwinGroup] = field(default_factory=list[TwinGroup])
    repeats: dict[int, TaskId | None] = field(default_factory=dict[int, TaskId | None])


def claim_keys(connection: Connection, batch: Sequence[Submission]) -> Claims:
    """Insert all keys of a batch, and find out which were held already."""
    groups = group_twins(batch, range(len(batch)))
    rows = sorted(row for group in groups for row in _key_rows(batch, group))
    inserted = INSERT_KEYS.run(connection, rows)
    claims = Claims()
    if inserted == len(rows):
        for group in groups:
            _lead(claims, batch, group)
        return claims
    owners = _owners(connection, rows)
    for group in groups:
        leader = batch[group.leader].receipt.id
        held = [
            (key, owner) for key in sorted(group.keys) if (owner := owners.get(key)) and owner[0] != leader
        ]
        if not held:
            _lead(claims, batch, group)
            continue
        first_owner, task_id = next((owner for _, owner in held if owner[1]), held[0][1])
        claims.repeats.update(dict.fromkeys(group.members, task_id))
        _give(connection, group, leader, first_owner, task_id)
    return claims


def _owners(connection: Connection, rows: Sequence[Cells]) -> Mapping[str, tuple[str, TaskId | None]]:
    owners = dict(key_owners(connection, [str(row[0]) for row in rows]))
    while freed := [row for row in rows if str(row[0]) not in owners]:
        _ = INSERT_KEYS.run(connection, freed)
        owners |= key_owners(connection, [str(row[0]) for row in freed])
    return owners


def _key_rows(batch: Sequence[Submission], group: TwinGroup) -> list[Cells]:
    leader = batch[group.leader]
    task_id = leader.task_id if isinstance(leader.outcome, TaskRequested) else None
    at = microseconds(leader.receipt.received_at)
    return [(key, leader.receipt.id, task_id, at) for key in group.claimed]


def _lead(claims: Claims, batch: Sequence[Submission], group: TwinGroup) -> None:
    claims.leaders.append(group)
    leader = batch[group.leader]
    task_id = leader.task_id if isinstance(leader.outcome, TaskRequested) else None
    claims.repeats.update(dict.fromkeys(group.members[1:], task_id))


def _give(connection: Connection, group: TwinGroup, leader: str, owner: str, task_id: TaskId | None) -> None:
    change = update(DedupeKeyRow).where(_claimed(group, leader)).values(delivery_id=owner, task_id=task_id)
    _ = connection.execute(change)


def release_keys(connection: Connection, group: TwinGroup, leader: str) -> None:
    """Free what a group claimed, since nothing came of it."""
    _ = connection.execute(delete(DedupeKeyRow).where(_claimed(group, leader)))


def point_keys(connection: Connection, group: TwinGroup, leader: str, task_id: TaskId) -> None:
    """Let what a group claimed speak of a task that was there before."""
    _ = connection.execute(update(DedupeKeyRow).where(_claimed(group, leader)).values(task_id=task_id))


def _claimed(group: TwinGroup, leader: str) -> ColumnElement[bool]:
    return DedupeKeyRow.key.in_(sorted(group.claimed)) & (DedupeKeyRow.delivery_id == leader)
