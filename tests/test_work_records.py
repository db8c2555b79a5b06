"""What attempts tell while they run, on both databases, and what is read of it."""

from contracts.record_contract import RecordContract, lease_of
from hookline.domain.lifecycle import Release
from hookline.domain.source import MEBIBYTE
from hookline.domain.work_records import Usage, WorkRecords
from hookline.storage.database import Database
from hookline.storage.task_reader import SqlTaskReader
from hookline.storage.work_records import SqlWorkRecords
from lives import Office


class TestRecords(RecordContract):
    def records(self, database: Database, most_logged_bytes: int = MEBIBYTE) -> WorkRecords:
        return SqlWorkRecords(database, most_logged_bytes)

    async def test_attempts_are_read_in_their_order_with_what_they_used(
        self, office: Office, kept: WorkRecords, database: Database
    ) -> None:
        first = await office.running()
        used = Usage(input_tokens=3, turns=1)
        await kept.usage(lease_of(first), used)
        await office.finish(first, Release("bye"))
        await office.run(first.task_id, "two")
        detail = await SqlTaskReader(database).task(first.task_id)
        assert detail is not None
        read = [(each.fence, each.outcome, each.usage, each.ended_at is None) for each in detail.attempts]
        assert read == [(1, "released", used, False), (2, None, None, True)]
