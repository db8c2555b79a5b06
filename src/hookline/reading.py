"""The composition of what commands read: a gateway's parts take longer to import than most of them to run."""

from hookline.clock import new_id, utc_now
from hookline.core.insights import Insights
from hookline.storage.database import Database
from hookline.storage.delivery_reader import SqlDeliveryReader
from hookline.storage.log_source import SqlLogSource
from hookline.storage.task_reader import SqlTaskReader


def make_insights(database: Database) -> Insights:
    """The read service over a database."""
    return Insights(
        SqlTaskReader(database), SqlDeliveryReader(database), SqlLogSource(database), utc_now, new_id
    )
