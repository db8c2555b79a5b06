"""Every real body, signed and posted to a real gateway: answered as its outcome says, never with a 5xx."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from gateways import eventually, gateway
from hookline.storage.database import open_database
from hookline.storage.models import DeliveryRow
from load import Seen, exchange, request_bytes
from signed_webhooks import Webhook, github, jira, sentry, slack

SAMPLES = Path(__file__).resolve().parents[2].parent / "shared" / "payloads"

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not SAMPLES.is_dir(), reason="the samples are not beside the repository"),
]

SIGNED: dict[str, Callable[[Path], Webhook]] = {
    "github": lambda path: github(
        path.name.split(".")[0].split("-")[0], path.read_bytes(), form=is_form(path)
    ),
    "jira": lambda path: jira(path.read_bytes()),
    "slack": lambda path: slack(path.read_bytes(), form=is_form(path)),
    "sentry": lambda path: sentry(path.name.split(".")[0].split("-")[0], path.read_bytes()),
}
REFUSED = {"sentry/legacy_plugin-docs.json"}
TASKS = {
    "sentry/event_alert.triggered.json",
    "sentry/event_alert.triggered-rule-action-mock.json",
    "sentry/issue.created.json",
    "sentry/issue.created-2025.json",
    "sentry/metric_alert.critical-mock.json",
    "slack/event.app_mention.json",
}
REPEATED = {
    "sentry/metric_alert.critical-rule-action-mock.json",
    "slack/event.message.channel.json",
}


def is_form(path: Path) -> bool:
    return path.suffix == ".form"


def samples() -> list[Path]:
    files = (path for provider in SIGNED for path in sorted((SAMPLES / provider).iterdir()))
    return [path for path in files if not path.name.endswith(".headers.json")]


def name_of(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


async def test_every_sample_has_its_answer(tmp_path: Path) -> None:
    seen: dict[str, Seen] = {}
    with gateway(tmp_path / "home") as running:
        for path in samples():
            webhook = SIGNED[path.parent.name](path)
            if name_of(path) in REFUSED:
                del webhook.headers["sentry-hook-resource"]
            seen[name_of(path)] = await exchange(running.port, request_bytes(webhook))
        assert {name for name, answer in seen.items() if answer.status >= 400} == REFUSED
        assert {name for name, answer in seen.items() if answer.status == 202} == TASKS
        repeated = {name for name, answer in seen.items() if answer.content.get("status") == "duplicate"}
        assert repeated == REPEATED
        assert all(answer.status in {200, 202, 400} for answer in seen.values())
        answered = Counter(answer.status != 400 for answer in seen.values())[True]

        async def are_all_stored() -> bool:
            database = open_database(running.resolved_database_url)
            try:
                async with database.read() as connection:
                    return len((await connection.execute(select(DeliveryRow.id))).all()) == answered
            finally:
                await database.close()

        await eventually(are_all_stored)
