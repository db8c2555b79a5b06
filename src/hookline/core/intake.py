"""Group commit: everything that waits goes into one transaction, and is answered when it has committed.

While a commit runs, the next batch gathers. A client that hangs up cancels no commit: commits belong to the
committers, never to a request.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from time import perf_counter
from typing import cast

import structlog
from structlog.typing import FilteringBoundLogger

from hookline.core.aftermath import Aftermath
from hookline.core.background import Loop
from hookline.core.metrics import IntakeMetrics
from hookline.domain.delivery import Verdict
from hookline.domain.errors import HooklineError, OverloadedError, StorageUnavailableError, UnstorableError
from hookline.domain.intake import Committed, IngestStore, Submission

_logger = cast(FilteringBoundLogger, structlog.get_logger())
PRESSED_BATCH = 8
PRESSED_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class IntakeLimits:
    """Bounds of intake.

    `waiting_bytes` counts the bodies that wait for a commit; `patience` is how long a transaction
    may take before its submissions are answered with an error. A batch of more than `undivided` is at most
    half of those who wait and those who were just answered: then one half is read and decided while the
    other commits. All of them at once would take turns with the database instead of working beside it.
    """

    batch: int = 128
    batch_bytes: int = 32 * 1024 * 1024
    waiting: int = 4096
    waiting_bytes: int = 96 * 1024 * 1024
    patience: timedelta = timedelta(milliseconds=800)
    undivided: int = 16


class _Waiting:
    __slots__ = ("answer", "submission")

    def __init__(self, submission: Submission, answer: asyncio.Future[Verdict]) -> None:
        self.submission = submission
        self.answer = answer

    def resolve(self, verdict: Verdict) -> None:
        if not self.answer.done():
            self.answer.set_result(verdict)

    def reject(self, error: HooklineError) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)


class Intake:
    """Gathers submissions, commits them in batches, and feeds the queue afterwards."""

    def __init__(
        self,
        store: IngestStore,
        aftermath: Aftermath,
        metrics: IntakeMetrics,
        committers: int,
        limits: IntakeLimits | None = None,
    ) -> None:
        """Keep the parts; nothing runs before `start`.

        Args:
            store: commits batches.
            aftermath: takes what is committed further, without being waited for.
            metrics: batch sizes and commits.
            committers: how many transactions may run at once.
            limits: bounds of what may wait.
        """
        self._store = store
        self._aftermath = aftermath
        self._metrics = metrics
        self._limits = limits or IntakeLimits()
        self._waiting: deque[_Waiting] = deque()
        self._waiting_bytes = 0
        self._is_work = asyncio.Event()
        self._just_answered = 0
        self._pressed_until = 0.0
        self._loops = [Loop("intake", self._commit_next) for _ in range(committers)]
        self._abandoned: set[asyncio.Task[Committed]] = set()

    @property
    def is_pressed(self) -> bool:
        """Whether so much comes in that other work should give way."""
        return perf_counter() < self._pressed_until

    def start(self) -> None:
        """Start the committers on the running loop."""
        for loop in self._loops:
            loop.start()

    async def stop(self) -> None:
        """Stop the committers; what still waits is answered with an error."""
        for loop in self._loops:
            await loop.stop()
        self._refuse_all(StorageUnavailableError("stopping"))

    def submit(self, submission: Submission) -> asyncio.Future[Verdict]:
        """Let a submission into the next batch.

        Returns:
            A future that holds the verdict once it is committed, or a `StorageUnavailableError` or
            `UnstorableError`.

        Raises:
            OverloadedError: too much waits already.
        """
        size = len(submission.receipt.body)
        is_full = len(self._waiting) >= self._limits.waiting
        if is_full or self._waiting_bytes + size > self._limits.waiting_bytes:
            raise OverloadedError(submission.receipt.provider, "too many deliveries wait for the database")
        answer: asyncio.Future[Verdict] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(submission, answer))
        self._waiting_bytes += size
        self._is_work.set()
        return answer

    async def _commit_next(self) -> None:
        while not self._waiting:
            self._is_work.clear()
            _ = await self._is_work.wait()
        batch = self._gather()
        try:
            await self._commit(batch)
        except StorageUnavailableError as error:
            self._reject(batch, error)
            self._refuse_all(error)
        except BaseException:
            self._reject(batch, StorageUnavailableError("the commit was broken off"))
            raise

    def _remember(self, size: int) -> None:
        self._just_answered = size
        if size >= PRESSED_BATCH:
            self._pressed_until = perf_counter() + PRESSED_SECONDS

    def _gather(self) -> list[_Waiting]:
        batch: list[_Waiting] = []
        size = 0
        half = (len(self._waiting) + self._just_answered) // 2
        most = min(max(half, self._limits.undivided), self._limits.batch)
        while self._waiting and len(batch) < most and size < self._limits.batch_bytes:
            waiting = self._waiting.popleft()
            batch.append(waiting)
            size += len(waiting.submission.receipt.body)
        self._waiting_bytes -= size
        return batch

    async def _commit(self, batch: Sequence[_Waiting]) -> None:
        if not batch:
            return
        began = perf_counter()
        try:
            committed = await self._within_patience([waiting.submission for waiting in batch])
        except UnstorableError as error:
            await self._bisect(batch, error)
            return
        except StorageUnavailableError:
            raise
        except Exception:
            _logger.exception("intake.failed", deliveries=len(batch))
            await self._bisect(batch, StorageUnavailableError("the delivery made the commit fail"))
            return
        seconds = perf_counter() - began
        self._metrics.committed(len(batch), seconds)
        for waiting, verdict in zip(batch, committed.verdicts, strict=True):
            waiting.resolve(verdict)
        self._aftermath.take(committed.changed)
        self._remember(len(batch))

    async def _bisect(self, batch: Sequence[_Waiting], error: HooklineError) -> None:
        if len(batch) == 1:
            batch[0].reject(error)
            return
        middle = len(batch) // 2
        await self._commit(batch[:middle])
        await self._commit(batch[middle:])

    async def _within_patience(self, submissions: Sequence[Submission]) -> Committed:
        commit = asyncio.create_task(self._as_task(submissions))
        done, _ = await asyncio.wait({commit}, timeout=self._limits.patience.total_seconds())
        if done:
            return commit.result()
        self._abandoned.add(commit)
        commit.add_done_callback(self._forget)
        _ = commit.cancel()
        raise StorageUnavailableError("the database did not answer in time")

    async def _as_task(self, submissions: Sequence[Submission]) -> Committed:
        return await self._store.commit(submissions)

    def _forget(self, commit: asyncio.Task[Committed]) -> None:
        self._abandoned.discard(commit)
        if not commit.cancelled():
            _ = commit.exception()

    def _reject(self, batch: Sequence[_Waiting], error: HooklineError) -> None:
        for waiting in batch:
            waiting.reject(error)

    def _refuse_all(self, error: HooklineError) -> None:
        while self._waiting:
            self._waiting.popleft().reject(error)
        self._waiting_bytes = 0
