"""What attempts tell while they run, on both databases."""

from contracts.record_contract import RecordContract
from hookline.domain.source import MEBIBYTE
from hookline.domain.work_records import WorkRecords
from hookline.storage.database import Database
from hookline.storage.work_records import SqlWorkRecords


class TestRecords(RecordContract):
    def records(self, database: Database, most_logged_bytes: int = MEBIBYTE) -> WorkRecords:
        return SqlWorkRecords(database, most_logged_bytes)
