"""The composition root: the only place that knows every part."""

import os
import random
import socket
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from prometheus_client import CollectorRegistry

from hookline.clock import new_id, utc_now
from hookline.core.aftermath import AfterCommit
from hookline.core.circuit_breaker import CircuitBreaker, CircuitPolicy, CircuitState
from hookline.core.duty import Duty
from hookline.core.intake import Intake
from hookline.core.metrics import Metrics
from hookline.core.notebook import Notebook
from hookline.core.policy import RuleBook
from hookline.core.queue_feed import QueueFeed
from hookline.core.reaper import Reaper
from hookline.core.relay import Relay
from hookline.core.retry import Retrier, RetryBudget, RetryPolicy
from hookline.core.task_log_files import TaskLogFiles
from hookline.core.task_logger import TaskLogger
from hookline.domain.errors import StorageUnavailableError
from hookline.domain.lifecycle import LifecycleStore
from hookline.domain.queue import TaskQueue
from hookline.domain.webhook import WebhookHandler
from hookline.gateway.admission import Admission, AdmissionLimits
from hookline.gateway.body import BodyDeadline
from hookline.gateway.large_bodies import LargeBodies
from hookline.gateway.route import RouteParts
from hookline.queue.connection import open_redis
from hookline.queue.guarded import GuardedTaskQueue, speaks_against_the_queue
from hookline.queue.redis_queue import RedisTaskQueue
from hookline.registry import PROVIDERS, Provider
from hookline.settings import Settings
from hookline.storage.database import Database, open_database
from hookline.storage.duties import SqlDuties
from hookline.storage.ingest import SqlIngestStore
from hookline.storage.ledger import SqlQueueLedger
from hookline.storage.lifecycle import SqlLifecycleStore
from hookline.storage.log_source import SqlLogSource
from hookline.working import Working, make_working

QUEUE_CIRCUIT = CircuitPolicy(open_for=timedelta(seconds=2))
_OPENNESS = {CircuitState.CLOSED: 0.0, CircuitState.HALF_OPEN: 0.5, CircuitState.OPEN: 1.0}


def make_handlers(
    settings: Settings, providers: Mapping[str, Provider] = PROVIDERS
) -> tuple[WebhookHandler, ...]:
    """One handler for each source that has a secret."""
    policy = RuleBook(settings.handle, settings.rules)
    return tuple(providers[source.provider].handler(source, policy, utc_now) for source in settings.sources)


@dataclass(frozen=True, slots=True)
class Intaking:
    """What takes webhooks in: one in every process that listens publicly."""

    intake: Intake
    notebook: Notebook
    feed: QueueFeed

    def start(self) -> None:
        """Start on the running loop."""
        self.intake.start()
        self.notebook.start()
        self.feed.start()

    async def stop(self) -> None:
        """Finish what is there, and stop."""
        await self.intake.stop()
        await self.notebook.stop()
        await self.feed.stop()


@dataclass(frozen=True, slots=True)
class Background:
    """What works behind: one at a time per installation."""

    relay: Relay
    reaper: Reaper
    task_logger: TaskLogger
    feed: QueueFeed
    duties: Sequence[Duty]

    def start(self) -> None:
        """Start on the running loop."""
        self.relay.start()
        self.reaper.start()
        self.task_logger.start()
        self.feed.start()

    async def stop(self) -> None:
        """Stop, and let another gateway take over at once."""
        await self.relay.stop()
        await self.reaper.stop()
        await self.task_logger.stop()
        await self.feed.stop()
        with suppress(StorageUnavailableError):
            for duty in self.duties:
                await duty.release()


@dataclass(frozen=True, slots=True)
class Gateway:
    """All parts of one process, put together."""

    settings: Settings
    database: Database
    queue: TaskQueue
    metrics: Metrics
    handlers: tuple[WebhookHandler, ...]
    route_parts: RouteParts
    intaking: Intaking
    background: Background
    working: Working

    async def close(self) -> None:
        """Close the connections."""
        await self.queue.close()
        await self.database.close()


def make_gateway(
    settings: Settings,
    redis_url: str,
    registry: CollectorRegistry,
    providers: Mapping[str, Provider] = PROVIDERS,
) -> Gateway:
    """Put a gateway together; nothing is connected or started yet."""
    metrics = Metrics(registry)
    database = open_database(settings.database_url)
    ledger = SqlQueueLedger(database)
    feed_queue, relay_queue = _queues(settings, redis_url, metrics)
    store = SqlIngestStore(database, settings.caps)
    feed = QueueFeed(feed_queue, ledger)
    relay_duty, log_duty = (_duty(database, name) for name in ("relay", "task-log"))
    logger = TaskLogger(
        SqlLogSource(database),
        TaskLogFiles(settings.task_logs_dir),
        log_duty.hold,
        lambda: intake.is_pressed,
        utc_now,
    )
    life = SqlLifecycleStore(database, attempt_ended=metrics.attempt_ended, clock=utc_now)
    relay = Relay(relay_queue, ledger, metrics, utc_now, relay_duty.hold)
    intake = Intake(store, AfterCommit(feed, logger.nudge), metrics, database.committers)
    notebook = Notebook(store, metrics)
    return Gateway(
        settings=settings,
        database=database,
        queue=relay_queue,
        metrics=metrics,
        handlers=make_handlers(settings, providers),
        route_parts=_route_parts(settings, intake, notebook, metrics),
        intaking=Intaking(intake, notebook, feed),
        background=_background(relay, life, logger, QueueFeed(feed_queue, ledger), (relay_duty, log_duty)),
        working=make_working(database, feed_queue, life, redis_url, utc_now, settings.lease),
    )


def _route_parts(settings: Settings, intake: Intake, notebook: Notebook, metrics: Metrics) -> RouteParts:
    return RouteParts(
        intake=intake,
        notebook=notebook,
        admission=Admission(AdmissionLimits(), time.monotonic),
        metrics=metrics,
        clock=utc_now,
        new_id=new_id,
        deadline=BodyDeadline(base=timedelta(seconds=settings.server.body_seconds)),
        large_bodies=LargeBodies(),
    )


def _background(
    relay: Relay, life: LifecycleStore, logger: TaskLogger, feed: QueueFeed, duties: tuple[Duty, Duty]
) -> Background:
    reaper = Reaper(life, AfterCommit(feed, logger.nudge), utc_now, duties[0].hold)
    return Background(relay, reaper, logger, feed, duties)


def make_queue(settings: Settings, redis_url: str) -> TaskQueue:
    """The queue itself, without its guard; nothing is connected yet."""
    return RedisTaskQueue(open_redis(redis_url), terms=settings.terms_of, partition_count=settings.partitions)


def _queues(settings: Settings, redis_url: str, metrics: Metrics) -> tuple[TaskQueue, TaskQueue]:
    breaker = CircuitBreaker(
        "queue",
        time.monotonic,
        QUEUE_CIRCUIT,
        speaks_against_the_queue,
        lambda name, state: metrics.circuit(name, _OPENNESS[state]),
    )
    retrier = Retrier(
        RetryPolicy(random.random, attempts=3, total=timedelta(seconds=5)),
        RetryBudget(),
        time.monotonic,
        speaks_against_the_queue,
    )
    queue = make_queue(settings, redis_url)
    return GuardedTaskQueue(queue, breaker), GuardedTaskQueue(queue, breaker, retrier)


def _duty(database: Database, name: str) -> Duty:
    holder = f"{socket.gethostname()}:{os.getpid()}:{new_id()}"
    return Duty(SqlDuties(database, utc_now), name, holder, utc_now)
