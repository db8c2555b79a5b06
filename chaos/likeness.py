"""Whether Redis holds of each unfinished task what the database says: its place, its times, its lease."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from redis import Redis

from hookline.domain.ids import TaskId
from hookline.domain.queue import QueuedTask, QueueStats
from hookline.queue.layout import OF_TASKS, Partition, microseconds, plain
from hookline.storage.database import Database
from hookline.storage.ledger import SqlQueueLedger

RECORD = re.compile("^([a-z])([0-9])([0-9])([0-9]+)\x1f([^\x1f]*)\x1f([^\x1f]*)\x1f(.*)$", re.DOTALL)
LEEWAY = 500_000
LEASED, PARKED, DELAYED, READY = "l", "p", "d", "r"


@dataclass(frozen=True)
class Held:
    """What Redis holds of a task; `until` is the end of its lease or of its delay, in microseconds."""

    state: str
    band: int
    accepted: int
    claim: str
    lane: str
    conversation: str
    until: int = 0


async def unlike(
    database: Database, redis: Redis, partitions: Sequence[Partition], ids: Sequence[str]
) -> list[str]:
    """Sentences on what differs; none is what should be."""
    wanted = await SqlQueueLedger(database).as_queued([TaskId(name) for name in ids])
    held = {name: each for partition in partitions for name, each in held_by(redis, partition).items()}
    return list(differences(wanted, held))


def miscounts(held: Sequence[Held], stats: QueueStats) -> Iterator[str]:
    """What of these the queue counts otherwise."""
    waiting = Counter((each.lane, each.band) for each in held if each.state != LEASED)
    running = Counter(each.lane for each in held if each.state == LEASED)
    told = {(depth.lane, depth.band.value): depth.waiting for depth in stats.waiting}
    if told != waiting:
        yield f"{dict(waiting)} wait, and {told} are counted"
    if dict(stats.running) != running:
        yield f"{dict(running)} run, and {dict(stats.running)} are counted"


def held_by(redis: Redis, partition: Partition) -> dict[str, Held]:
    """All that Redis holds in a partition, by task."""
    until = dict(redis.zrange(partition.moments, 0, -1, withscores=True))
    found: dict[str, Held] = {}
    for field, record in redis.hgetall(partition.records).items():
        if field.startswith(OF_TASKS.encode()):
            name = field.decode().removeprefix(OF_TASKS)
            state, band, _, accepted, *words = RECORD.match(record.decode()).groups()
            found[name] = Held(
                state, int(band), int(accepted), *words, until=int(until.get(name.encode(), 0))
            )
    return found


def differences(wanted: Sequence[QueuedTask], held: Mapping[str, Held]) -> Iterator[str]:
    """What of these tasks Redis does not hold as it should, and what it holds beside them."""
    first = _first_ones(wanted)
    for task in wanted:
        got = held.get(task.task_id)
        if got is None:
            yield f"{task.task_id} is not in the queue"
            continue
        should = _as_held(task, is_first=first[task.conversation] == task.task_id)
        if (got.state, got.claim, got.band, got.accepted, got.lane, got.conversation) != (
            should.state,
            should.claim,
            should.band,
            should.accepted,
            should.lane,
            should.conversation,
        ):
            yield f"the queue holds {got}, the database says {should}"
        elif abs(got.until - should.until) > LEEWAY:
            yield f"{task.task_id}: the queue waits until {got.until}, the database says {should.until}"
    for name in held.keys() - {task.task_id for task in wanted}:
        yield f"{name} is in the queue, and should not be"


def _first_ones(tasks: Sequence[QueuedTask]) -> dict[str, str]:
    """Who of each conversation goes first: who runs, else the oldest."""
    ordered = sorted(tasks, key=lambda task: (task.lease is None, task.accepted_at))
    first: dict[str, str] = {}
    for task in ordered:
        _ = first.setdefault(task.conversation, task.task_id)
    return first


def _as_held(task: QueuedTask, *, is_first: bool) -> Held:
    state, claim, until = (READY if is_first else PARKED), "", 0
    if task.lease is not None:
        state, claim, until = LEASED, plain(task.lease.claim_id), microseconds(task.lease.ends_at)
    elif task.due_at is not None:
        state, until = DELAYED, microseconds(task.due_at)
    place = (
        task.band.value,
        microseconds(task.accepted_at),
        claim,
        plain(task.lane),
        plain(task.conversation),
    )
    return Held(state, *place, until=until)
