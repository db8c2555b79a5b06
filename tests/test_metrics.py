"""What the histograms tell of traffic that is known, as `/metrics` shows it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from apps import Apps, serving
from hookline.core.intake import Intake
from server_process import TestServer
from signed_webhooks import SECRETS, Webhook, comment
from submissions import Sender

pytestmark = pytest.mark.integration

ACCEPTED_IN = 1 / 64
COMMITTED_IN = 1 / 256


@dataclass
class Stopwatch:
    """A clock that is further by one step each time it is looked at."""

    step: float
    now: float = 1000.0

    def __call__(self) -> float:
        self.now += self.step
        return self.now


@dataclass(frozen=True)
class Histogram:
    """What a histogram shows: how many, of how much together, and how many up to each bound."""

    count: float
    total: float
    up_to: dict[str, float]


@pytest.fixture
async def apps(
    tmp_path: Path, migrated_sqlite: Path, valkey: TestServer, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Apps]:
    monkeypatch.setattr("hookline.gateway.route.perf_counter", Stopwatch(ACCEPTED_IN))
    monkeypatch.setattr("hookline.core.intake.perf_counter", Stopwatch(COMMITTED_IN))
    secrets = {variable: secret.decode() for variable, secret in SECRETS.items()}
    async with serving(tmp_path, migrated_sqlite, valkey.url, secrets) as apps:
        yield apps


async def shown(apps: Apps, name: str) -> dict[str, Histogram]:
    """A histogram of the admin app by its label."""
    text = (await apps.admin.get("/metrics")).text
    (family,) = [found for found in text_string_to_metric_families(text) if found.name == name]
    histograms: dict[str, Histogram] = {}
    for sample in family.samples:
        label = sample.labels.get("provider", "")
        histogram = histograms.get(label, Histogram(0, 0, {}))
        match sample.name.removeprefix(name):
            case "_bucket":
                histogram.up_to[sample.labels["le"]] = sample.value
            case "_count":
                histogram = Histogram(sample.value, histogram.total, histogram.up_to)
            case "_sum":
                histogram = Histogram(histogram.count, sample.value, histogram.up_to)
        histograms[label] = histogram
    return histograms


async def posted(apps: Apps, webhook: Webhook) -> int:
    answer = await apps.public.post(webhook.path, content=webhook.body, headers=webhook.headers)
    return answer.status_code


async def test_only_accepted_webhooks_are_timed_each_from_its_head_to_its_answer(apps: Apps) -> None:
    forged = comment(4)
    forged = Webhook(forged.path, forged.headers, forged.body + b" ")
    sent = [comment(1), comment(2), comment(2), comment(3, "no command"), forged, comment(5)]
    assert [await posted(apps, webhook) for webhook in sent] == [202, 202, 200, 200, 401, 202]
    times = await shown(apps, "webhook_accept_duration_seconds")
    assert times.keys() == {"github"}
    assert (times["github"].count, times["github"].total) == (3, 3 * ACCEPTED_IN)
    assert times["github"].up_to == {
        "0.001": 0,
        "0.0025": 0,
        "0.005": 0,
        "0.01": 0,
        "0.025": 3,
        "0.05": 3,
        "0.1": 3,
        "0.25": 3,
        "0.5": 3,
        "1.0": 3,
        "2.5": 3,
        "+Inf": 3,
    }


async def committed_together(intake: Intake, sender: Sender, count: int) -> None:
    """Let so many submissions into one batch: none of them waits until all are there."""
    await asyncio.gather(*[intake.submit(sender.asks(f"k{sender.new_id()}")) for _ in range(count)])


async def test_each_commit_tells_how_many_it_took_and_how_long(apps: Apps) -> None:
    intake, sender = apps.gateway.route_parts.intake, Sender()
    for count in (1, 3, 16, 9, 1):
        await committed_together(intake, sender, count)
    (sizes,) = (await shown(apps, "intake_batch_size")).values()
    assert (sizes.count, sizes.total) == (5, 30)
    assert sizes.up_to == {
        "1.0": 2,
        "2.0": 2,
        "4.0": 3,
        "8.0": 3,
        "16.0": 5,
        "32.0": 5,
        "64.0": 5,
        "128.0": 5,
        "256.0": 5,
        "+Inf": 5,
    }
    (times,) = (await shown(apps, "intake_commit_duration_seconds")).values()
    assert (times.count, times.total) == (5, 5 * COMMITTED_IN)
    assert (times.up_to["0.0025"], times.up_to["0.005"]) == (0, 5)


async def test_an_agent_s_time_is_shown_before_there_are_agents(apps: Apps) -> None:
    (times,) = (await shown(apps, "task_processing_duration_seconds")).values()
    assert (times.count, times.total) == (0, 0)
    bounds = list(times.up_to)
    assert (bounds[0], *bounds[-2:]) == ("1.0", "7200.0", "+Inf")
