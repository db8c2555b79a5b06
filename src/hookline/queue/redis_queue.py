"""The task queue on Redis 6.2 or later, or Valkey: what lies where tells `hookline.queue.layout`."""

import asyncio
import secrets
from binascii import crc32
from collections.abc import Awaitable, Callable, Collection, Generator, Mapping, Sequence
from datetime import timedelta
from typing import Protocol

from pydantic_core import to_json

from hookline.domain.command import Band
from hookline.domain.ids import Clock, TaskId
from hookline.domain.queue import (
    ClaimCall,
    ClaimId,
    Holding,
    LaneDepth,
    LaneTerms,
    QueuedTask,
    QueueEpoch,
    QueueStats,
    Settled,
    Settlement,
    Taken,
    Terms,
)
from hookline.queue.failures import unavailable
from hookline.queue.groups import Server
from hookline.queue.layout import (
    CALLED_OFF,
    CHANNEL,
    OF_CLAIMS,
    OF_TASKS,
    Partition,
    microseconds,
    partition_of,
    partitions,
    plain,
    row_of,
    span,
)
from hookline.queue.replies import (
    NUMBER,
    SCANNED,
    SETTLED,
    STATS,
    TAKEN,
    Stats,
    depth_of,
    ids_of,
    taken_of,
    text_of,
    texts_of,
)
from hookline.queue.scripts import Scripts
from hookline.queue.together import Reply, Script

BATCH = 1_000
"""Tasks of one script call; more are sent in several."""

AGE_BOUND = timedelta(minutes=10)
"""How much older a task must be to come before one of the next better band."""

_NOTHING = Taken((), None)


class _Commands(Protocol):
    def hscan(self, name: str, cursor: int, *, match: str, count: int) -> Awaitable[Reply]: ...
    def zcard(self, name: str) -> Awaitable[Reply]: ...
    def hexists(self, name: str, key: str) -> Awaitable[Reply]: ...
    def publish(self, channel: str, message: str) -> Awaitable[Reply]: ...


def equal_terms(_lane: str) -> Terms:
    """Every lane weighs the same, and has no cap."""
    return Terms()


def _fresh_epoch() -> str:
    return secrets.token_hex(8)


class RedisTaskQueue:
    """Implements `TaskQueue`; the server must not evict keys (`maxmemory-policy noeviction`)."""

    def __init__(
        self,
        redis: Server,
        *,
        terms: LaneTerms = equal_terms,
        partition_count: int = 1,
        age_bound: timedelta = AGE_BOUND,
        clock: Clock | None = None,
        fresh_epoch: Callable[[], str] = _fresh_epoch,
    ) -> None:
        """Register the scripts; nothing is sent yet.

        Args:
            redis: a client that is this queue's own and answers with bytes.
            terms: the weight and the cap of each lane.
            partition_count: fixed when the queue is installed.
            age_bound: how much older a task must be to come before one of the next better band.
            clock: the time, in place of the server's.
            fresh_epoch: makes a value that was never used before.
        """
        self._redis = redis
        self._commands: _Commands = redis
        self._scripts = Scripts(redis)
        self._terms = terms
        self._partitions = partitions(partition_count)
        self._age = span(age_bound)
        self._clock = clock
        self._fresh_epoch = fresh_epoch

    async def enqueue(self, tasks: Sequence[QueuedTask], /) -> Sequence[QueueEpoch]:
        """Take in tasks; tells the epoch that each is in."""
        epochs: dict[TaskId, QueueEpoch] = {}
        for partition, part in self._by_partition(tasks):
            rows = [row_of(task, self._terms) for task in part]
            words = (self._fresh_epoch(), to_json(rows).decode())
            reply = await self._run(self._scripts.enqueue, partition, *words)
            epoch = QueueEpoch(text_of(reply))
            epochs.update((task.task_id, epoch) for task in part)
        return [epochs[task.task_id] for task in tasks]

    async def claim(self, call: ClaimCall, /) -> Taken:
        """Give out tasks, from one partition after the other; each claim begins with one of its own.

        With several partitions those are asked first that have something of an earlier claim of this name,
        and then no others.
        """
        earlier = await self._partitions_of(call.claim_id)
        taken = await self._claim_from(earlier, call)
        if taken.holdings:
            return taken
        begin = crc32(call.claim_id.encode()) % len(self._partitions)
        return await self._claim_from([*self._partitions[begin:], *self._partitions[:begin]], call)

    async def _partitions_of(self, claim_id: ClaimId) -> Sequence[Partition]:
        if len(self._partitions) == 1:
            return ()
        records = [partition.records for partition in self._partitions]
        with unavailable():
            asked = (self._commands.hexists(each, OF_CLAIMS + claim_id) for each in records)
            replies = await asyncio.gather(*asked)
        return [partition for partition, has in zip(self._partitions, replies, strict=True) if has]

    async def _claim_from(self, asked: Sequence[Partition], call: ClaimCall) -> Taken:
        found: list[Holding] = []
        waits: list[timedelta] = []
        for partition in asked:
            most = str(call.most - len(found))
            reply = await self._run(self._scripts.claim, partition, call.claim_id, most, span(call.lease))
            taken = taken_of(call, *TAKEN.validate_python(reply))
            found.extend(taken.holdings)
            if taken.look_again_in is not None:
                waits.append(taken.look_again_in)
            if len(found) >= call.most:
                break
        return Taken(found, min(waits, default=None))

    async def settle(self, settlement: Settlement, then: ClaimCall | None, /) -> Settled:
        """End a lease, and claim the next of the same partition in the same round trip."""
        held = settlement.holding
        what = "done" if settlement.is_over else "again"
        due = "0" if settlement.due_at is None else str(microseconds(settlement.due_at))
        next_claim = ("", "0", "0") if then is None else (then.claim_id, str(then.most), span(then.lease))
        words = (held.task_id, held.claim_id, what, due, *next_claim, plain(held.lane))
        reply = await self._run(self._scripts.settle, self._partition_of(held.lane), *words)
        ((was_held, pairs, wait),) = SETTLED.validate_python(reply)
        return Settled(bool(was_held), _NOTHING if then is None else taken_of(then, pairs, wait))

    async def extend(self, holdings: Sequence[Holding], lease: timedelta, /) -> Sequence[TaskId]:
        """Extend leases; tells which tasks are not held by the given claims."""
        parts: dict[int, list[Holding]] = {}
        for holding in holdings:
            parts.setdefault(partition_of(holding.lane, len(self._partitions)), []).append(holding)
        unknown: list[TaskId] = []
        for number, part in parts.items():
            for start in range(0, len(part), BATCH):
                words = [
                    word for held in part[start : start + BATCH] for word in (held.task_id, held.claim_id)
                ]
                reply = await self._run(self._scripts.extend, self._partitions[number], span(lease), *words)
                unknown.extend(ids_of(reply))
        return unknown

    async def remove(self, task_ids: Sequence[TaskId], /) -> int:
        """Take tasks out, whoever holds them; tells how many were in."""
        removed = 0
        for start in range(0, len(task_ids), BATCH):
            for partition in self._partitions:
                reply = await self._run(self._scripts.remove, partition, *task_ids[start : start + BATCH])
                removed += NUMBER.validate_python(reply, strict=True)
        return removed

    async def call_off(self, task_ids: Sequence[TaskId], /) -> None:
        """Tell whoever holds these tasks that they should stop, as far as anybody listens."""
        with unavailable():
            for task_id in task_ids:
                _ = await self._commands.publish(CHANNEL, CALLED_OFF + task_id)

    async def pause(self, scope: str, /) -> None:
        """Give out nothing of a lane, or nothing at all."""
        await self._pause(scope, "1")

    async def resume(self, scope: str, /) -> None:
        """Take back a pause."""
        await self._pause(scope, "0")

    async def _pause(self, scope: str, word: str) -> None:
        for partition in self._partitions:
            _ = await self._run(self._scripts.pause, partition, plain(scope), word)

    async def pause_only(self, scopes: Collection[str], /) -> None:
        """Pause these scopes and no others; every partition is asked what it has paused."""
        wanted = {plain(scope) for scope in scopes}
        for partition in self._partitions:
            paused = set(texts_of(await self._run(self._scripts.paused, partition)))
            for scope in sorted(wanted ^ paused):
                _ = await self._run(self._scripts.pause, partition, scope, "1" if scope in wanted else "0")

    async def held(self, cursor: int, limit: int, /) -> tuple[int, Sequence[TaskId]]:
        """About `limit` of the tasks that are in; the cursor counts partitions in its lowest part."""
        inner, number = divmod(cursor, len(self._partitions))
        with unavailable():
            records = self._partitions[number].records
            reply = await self._commands.hscan(records, inner, match=f"{OF_TASKS}*", count=limit)
        inner, found = SCANNED.validate_python(reply)
        ids = [TaskId(field.decode().removeprefix(OF_TASKS)) for field in found]
        if inner:
            return inner * len(self._partitions) + number, ids
        return (number + 1) % len(self._partitions), ids

    async def depth(self) -> Mapping[Band, int]:
        """How many tasks of each band wait; every band is named."""
        sums = dict.fromkeys(Band, 0)
        for partition in self._partitions:
            rows, _ = await self._stats_of(partition, with_ages=False)
            for band, _lane, waiting, _oldest in rows:
                sums[Band(band)] += waiting
        return sums

    async def stats(self) -> QueueStats:
        """What waits and runs, lane by lane."""
        waiting: list[LaneDepth] = []
        running: dict[str, int] = {}
        delayed = 0
        for partition in self._partitions:
            rows, counts = await self._stats_of(partition, with_ages=True)
            waiting.extend(depth_of(*row) for row in rows)
            running.update((lane.decode(), number) for lane, number in counts)
            with unavailable():
                moments = NUMBER.validate_python(await self._commands.zcard(partition.moments))
            delayed += moments - sum(number for _, number in counts)
        return QueueStats(sorted(waiting, key=lambda d: (d.lane, d.band)), running, max(delayed, 0))

    async def _stats_of(self, partition: Partition, *, with_ages: bool) -> Stats:
        reply = await self._run(self._scripts.stats, partition, "1" if with_ages else "0")
        return STATS.validate_python(reply)

    async def epochs(self) -> frozenset[QueueEpoch]:
        """The epochs of the data, one for each partition.

        It is a random value, another one after a wipe, and another one after a restart or a fail-over, where
        the server tells its run id, since what it wrote last may be lost. A partition whose parts do not
        match, because one of its keys is gone, is emptied first.
        """
        for partition in self._partitions:
            _ = await self._run(self._scripts.check, partition)
        replies = [await self._run(self._scripts.epoch, p, self._fresh_epoch()) for p in self._partitions]
        return frozenset(QueueEpoch(text_of(reply)) for reply in replies)

    async def close(self) -> None:
        """Let go of all connections."""
        with unavailable():
            await self._redis.aclose()

    async def _run(self, script: Script, partition: Partition, *words: str) -> Reply:
        now = "0" if self._clock is None else str(microseconds(self._clock()))
        with unavailable():
            return await script(keys=partition.keys, args=[CHANNEL, self._age, now, *words])

    def _partition_of(self, lane: str) -> Partition:
        return self._partitions[partition_of(lane, len(self._partitions))]

    def _by_partition(self, tasks: Sequence[QueuedTask]) -> Generator[tuple[Partition, Sequence[QueuedTask]]]:
        count = len(self._partitions)
        parts: dict[int, list[QueuedTask]] = {}
        for task in tasks:
            parts.setdefault(partition_of(task.lane, count), []).append(task)
        for number, part in parts.items():
            for start in range(0, len(part), BATCH):
                yield self._partitions[number], part[start : start + BATCH]
