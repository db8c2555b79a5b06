"""What serves workers, put together: one in every process with an admin listener."""

from dataclasses import dataclass
from datetime import timedelta

from hookline.core.claiming import Claiming
from hookline.core.leases import CallOffs, Leases
from hookline.core.waiting_line import WaitingLine
from hookline.domain.ids import Clock
from hookline.domain.lifecycle import LifecycleStore
from hookline.domain.queue import TaskQueue
from hookline.queue.bell import QueueBell
from hookline.queue.connection import open_line
from hookline.storage.database import Database
from hookline.storage.ledger import SqlQueueLedger
from hookline.storage.work_records import SqlWorkRecords
from hookline.storage.workers import SqlLeaseReader, SqlWorkerRegister
from hookline.worker_api.desk import WorkerDesk


@dataclass(frozen=True, slots=True)
class Working:
    """The desk, and what wakes those who wait at it."""

    desk: WorkerDesk
    bell: QueueBell
    line: WaitingLine
    call_offs: CallOffs

    def start(self) -> None:
        """Start listening on the running loop."""
        self.bell.start()

    async def stop(self) -> None:
        """Answer all who wait, and stop listening."""
        self.line.close()
        self.call_offs.close()
        await self.bell.stop()


def make_working(
    database: Database,
    queue: TaskQueue,
    life: LifecycleStore,
    redis_url: str,
    clock: Clock,
    lease: timedelta,
) -> Working:
    """Put it together; nothing is connected yet. A claim holds a quarter of `lease` until it is heard of."""
    line, call_offs = WaitingLine(), CallOffs()
    claiming = Claiming(queue, life, line, clock, lease / 4)
    desk = WorkerDesk(
        register=SqlWorkerRegister(database),
        lease_reader=SqlLeaseReader(database),
        claiming=claiming,
        leases=Leases(queue, life, SqlQueueLedger(database), claiming, call_offs, clock, lease),
        records=SqlWorkRecords(database),
        clock=clock,
    )
    bell = QueueBell(open_line(redis_url), line.ring, call_offs.tell, call_offs.doubt)
    return Working(desk, bell, line, call_offs)
