"""What attempts tell while they run, on both databases."""

from contracts.record_contract import RecordContract
from hookline.domain.work_records import WorkRecords
from hookline.storage.database import Database
from hookline.storage.work_records import SqlWorkRecords


class TestRecords(RecordContract):
    def records(self, database: Database) -> WorkRecords:
        return SqlWorkRecords(database)
