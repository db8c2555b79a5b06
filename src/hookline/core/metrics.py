"""The metrics, under the names that dashboards and alerts rely on."""

from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from hookline.domain.command import Band

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
_TASK_SECONDS = (1, 5, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200)
_BATCH_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class IntakeMetrics(Protocol):
    """What intake reports."""

    def committed(self, size: int, seconds: float, /) -> None:
        """A batch of this many submissions was committed, in this time."""
        ...

    def dropped(self, count: int, /) -> None:
        """So many ignored deliveries were not recorded, for want of room."""
        ...


class _Webhooks:
    """What requests were answered, and how fast."""

    def __init__(self, registry: CollectorRegistry) -> None:
        requests = Counter(
            "webhook_requests_total",
            "Webhook requests by what they were answered.",
            ("provider", "status"),
            registry=registry,
        )
        bad_signatures = Counter(
            "webhook_signature_validation_failures_total",
            "Webhook requests whose signature was missing, malformed, stale or wrong.",
            ("provider",),
            registry=registry,
        )
        accept_seconds = Histogram(
            "webhook_accept_duration_seconds",
            "Time from a request's head to its answer, for accepted deliveries.",
            ("provider",),
            buckets=_SECONDS,
            registry=registry,
        )
        self.requests = cache(requests.labels)
        self.bad_signatures = cache(bad_signatures.labels)
        self.accept_seconds = cache(accept_seconds.labels)


class _Tasks:
    """How tasks wait, and how long they take."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.seconds = Histogram(
            "task_processing_duration_seconds",
            "Time of an attempt at a task, from its start to its end, however it ended.",
            buckets=_TASK_SECONDS,
            registry=registry,
        )
        self.in_queue = Gauge(
            "tasks_in_queue",
            "Tasks that wait in the queue.",
            registry=registry,
            multiprocess_mode="mostrecent",
        )
        self.in_band = Gauge(
            "tasks_in_queue_by_band",
            "Tasks that wait in the queue, by priority band.",
            ("band",),
            registry=registry,
            multiprocess_mode="mostrecent",
        )


class _Commits:
    """How deliveries come into the database."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.sizes = Histogram(
            "intake_batch_size",
            "Submissions per committed transaction.",
            buckets=_BATCH_SIZES,
            registry=registry,
        )
        self.seconds = Histogram(
            "intake_commit_duration_seconds",
            "Time of a committed transaction.",
            buckets=_SECONDS,
            registry=registry,
        )
        self.dropped = Counter(
            "intake_notes_dropped_total",
            "Ignored deliveries that were answered but not recorded, for want of room.",
            registry=registry,
        )


class _Pushes:
    """How tasks come from the database to the queue."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.relayed = Counter(
            "relay_pushed_total", "Tasks that the relay brought to the queue.", registry=registry
        )
        self.circuit = Gauge(
            "circuit_open",
            "1 while a circuit breaker refuses calls, 0.5 while it probes.",
            ("name",),
            registry=registry,
            multiprocess_mode="livemostrecent",
        )


class Metrics:
    """All metrics of one process, in one registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Register everything in the given registry."""
        self.registry = registry
        self._webhooks = _Webhooks(registry)
        self._tasks = _Tasks(registry)
        self._commits = _Commits(registry)
        self._pushes = _Pushes(registry)

    def answered(self, provider: str, status: str) -> None:
        """Count an answer by its word in the table of answers."""
        self._webhooks.requests(provider, status).inc()

    def rejected_signature(self, provider: str) -> None:
        """Count a signature that did not hold."""
        self._webhooks.bad_signatures(provider).inc()

    def accepted_in(self, provider: str, seconds: float) -> None:
        """Observe how long an accepted delivery waited for its answer."""
        self._webhooks.accept_seconds(provider).observe(seconds)

    def committed(self, size: int, seconds: float, /) -> None:
        """Observe the size of a committed batch, and what its transaction took."""
        self._commits.sizes.observe(size)
        self._commits.seconds.observe(seconds)

    def dropped(self, count: int, /) -> None:
        """Count ignored deliveries that were not recorded."""
        self._commits.dropped.inc(count)

    def relayed(self, count: int) -> None:
        """Count tasks that the relay pushed."""
        self._pushes.relayed.inc(count)

    def circuit(self, name: str, openness: float) -> None:
        """Show a breaker's state: 0 closed, 0.5 half-open, 1 open."""
        self._pushes.circuit.labels(name).set(openness)

    def attempt_ended(self, ran_for: timedelta) -> None:
        """Observe how long an attempt ran, however it ended."""
        self._tasks.seconds.observe(max(ran_for.total_seconds(), 0))

    def queue_depth(self, depth: Mapping[Band, int]) -> None:
        """Show how many tasks wait."""
        self._tasks.in_queue.set(sum(depth.values()))
        for band in Band:
            self._tasks.in_band.labels(str(band.value)).set(depth.get(band, 0))
