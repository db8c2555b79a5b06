"""Hourly caps: how many tasks a lane, a person and a source may bring."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import ColumnElement, Connection, func, select
from sqlalchemy.orm import InstrumentedAttribute

from hookline.domain.ids import DeliveryId, first_id_at
from hookline.domain.intake import Submission
from hookline.domain.rules import Caps
from hookline.storage.models import TaskRow

HOUR = timedelta(hours=1)


def over_cap(connection: Connection, caps: Caps, submissions: Sequence[Submission]) -> frozenset[DeliveryId]:
    """The deliveries whose task would be one too many in its hour.

    Batches of several gateways that commit at the same moment do not see each other, so a cap can be
    overstepped by what is in flight.
    """
    over: set[DeliveryId] = set()
    if not submissions:
        return frozenset()
    if caps.lane is not None:
        over |= _over(connection, TaskRow.lane, caps.lane, [(s, _lane(s)) for s in submissions])
    if caps.person is not None:
        people = [(s, person) for s in submissions if (person := _person(s)) is not None]
        over |= _over(connection, TaskRow.requested_by, caps.person, people)
    if caps.source is not None:
        by_source = [(s, s.receipt.source) for s in submissions]
        over |= _over(connection, TaskRow.source, caps.source, by_source)
    return frozenset(over)


def _lane(submission: Submission) -> str:
    return submission.outcome.facts.lane or submission.receipt.provider


def _person(submission: Submission) -> str | None:
    actor = submission.outcome.facts.actor
    return None if actor is None else actor.id


def _over(
    connection: Connection,
    column: InstrumentedAttribute[str] | InstrumentedAttribute[str | None],
    cap: int,
    named: Sequence[tuple[Submission, str]],
) -> set[DeliveryId]:
    over: set[DeliveryId] = set()
    used: Counter[tuple[str, str]] = Counter()
    for submission, name in named:
        group = (submission.receipt.provider, name)
        if group not in used:
            used[group] = _used(connection, column == name, submission)
        used[group] += 1
        if used[group] > cap:
            over.add(submission.receipt.id)
    return over


def _used(connection: Connection, is_named: ColumnElement[bool], submission: Submission) -> int:
    since = first_id_at(submission.receipt.received_at - HOUR)
    count = select(func.count()).where(
        is_named & (TaskRow.provider == submission.receipt.provider) & (TaskRow.id > since)
    )
    return (connection.execute(count)).scalar_one()
