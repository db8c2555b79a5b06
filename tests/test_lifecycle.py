"""The life of a task on both databases."""

from contracts.ending_contract import CommandContract, FinishContract
from contracts.folding_contract import FoldingContract
from contracts.lifecycle_contract import LeaseContract, StartContract
from hookline.domain.lifecycle import LifecycleStore, LifeLimits
from hookline.storage.database import Database
from hookline.storage.lifecycle import SqlLifecycleStore


class _OfSql:
    def store(self, database: Database, limits: LifeLimits) -> LifecycleStore:
        return SqlLifecycleStore(database, limits)


class TestStarting(_OfSql, StartContract):
    pass


class TestLeases(_OfSql, LeaseContract):
    pass


class TestEndings(_OfSql, FinishContract):
    pass


class TestFolding(_OfSql, FoldingContract):
    pass


class TestCommands(_OfSql, CommandContract):
    pass
