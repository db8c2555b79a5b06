"""What intake hands to the database, and the ports it does it through."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from hookline.domain.delivery import Verdict
from hookline.domain.frozen import frozen
from hookline.domain.ids import DeliveryId, TaskId
from hookline.domain.outcome import ControlRequested, Ignored, Reply, TaskRequested
from hookline.domain.queue import Changed, QueuedTask, QueueEpoch


@frozen
class Receipt:
    """A delivery as it is stored: its body redacted, the hash of its raw bytes kept.

    A body that is compressed already is stored as it is; any other one storage compresses.
    """

    id: DeliveryId
    provider: str
    source: str
    received_at: datetime
    remote: str
    size: int
    sha256: str
    headers: str
    body: bytes
    is_compressed: bool = False
    replay_of: DeliveryId | None = None


@frozen
class Submission:
    """A receipt with an outcome that changes something; `task_id` is used if it makes a task."""

    receipt: Receipt
    outcome: TaskRequested | ControlRequested
    task_id: TaskId


@frozen
class Note:
    """A receipt with an outcome that changes nothing."""

    receipt: Receipt
    outcome: Ignored | Reply


@frozen
class Committed:
    """What a committed batch decided, in the order of its submissions.

    `changed` is what the queue has to be told.
    """

    verdicts: Sequence[Verdict]
    changed: Changed = Changed()


class IngestStore(Protocol):
    """Commits batches of submissions; the unique keys in the transaction decide."""

    async def commit(self, batch: Sequence[Submission], /) -> Committed:
        """Commit all of a batch in one transaction.

        Raises:
            StorageUnavailableError: the database could not be reached; nothing is known to be stored.
            UnstorableError: a row of the batch was refused for what is in it; nothing was stored.
        """
        ...

    async def record(self, notes: Sequence[Note], /) -> None:
        """Store deliveries that changed nothing.

        Raises:
            StorageUnavailableError: the database could not be reached.
            UnstorableError: a row was refused for what is in it.
        """
        ...


class QueueLedger(Protocol):
    """Remembers in the database what the queue has been told, and knows what it should hold."""

    async def as_queued(self, task_ids: Sequence[TaskId], /) -> Sequence[QueuedTask]:
        """Those of these tasks that the queue should hold, with the leases of running ones."""
        ...

    async def mark(self, task_ids: Sequence[TaskId], epoch: QueueEpoch, /) -> None:
        """Note that these tasks are in the queue of this epoch."""
        ...
