"""The whole path on a real gateway: a signed webhook becomes a durable, listed, logged and queued task."""

import asyncio
import json
from pathlib import Path

import httpx
import pytest

from gateways import eventually, gateway
from ledger import queued_ids, read_ledger
from signed_webhooks import MENTIONS, Webhook, comment, github, load

pytestmark = pytest.mark.integration


async def post(client: httpx.AsyncClient, base: str, webhook: Webhook) -> httpx.Response:
    return await client.post(base + webhook.path, content=webhook.body, headers=webhook.headers)


async def test_a_mention_of_every_provider_becomes_a_task_that_is_queued_and_logged(tmp_path: Path) -> None:
    with gateway(tmp_path / "home", is_measured=True) as running:
        async with httpx.AsyncClient() as client:
            answers = [await post(client, running.url, mention()) for mention in MENTIONS.values()]
        assert [answer.status_code for answer in answers] == [202] * 4, [a.text for a in answers]
        ids = {answer.json()["task_id"] for answer in answers}
        ledger = await read_ledger(running)
        assert set(ledger.origins) == ids

        async def is_queued() -> bool:
            return set(await queued_ids(running)) == ids

        async def is_logged() -> bool:
            logs = (running.home / "task-logs").rglob("*.jsonl")
            return {path.stem for path in logs if path.read_text().endswith("}\n")} == ids

        await eventually(is_queued)
        await eventually(is_logged)
        log = next((running.home / "task-logs").rglob("*.jsonl"))
        events = [json.loads(line)["event"] for line in log.read_text().splitlines()]
        assert events[:7] == [
            "delivery.received",
            "delivery.verified",
            "delivery.parsed",
            "delivery.decided",
            "command.extracted",
            "task.created",
            "task.queued",
        ]


async def test_a_delivery_sent_fifty_times_at_once_is_one_task(tmp_path: Path) -> None:
    with gateway(tmp_path / "home") as running:
        async with httpx.AsyncClient(limits=httpx.Limits(max_connections=50)) as client:
            answers = await asyncio.gather(*(post(client, running.url, comment(7)) for _ in range(50)))
        assert sorted(answer.status_code for answer in answers) == [200] * 49 + [202]
        assert len({answer.json()["task_id"] for answer in answers}) == 1
        assert [answer.json()["status"] for answer in answers].count("duplicate") == 49
        assert len((await read_ledger(running)).origins) == 1


async def test_answers_and_metrics_use_the_words_of_the_table(tmp_path: Path) -> None:
    ping = github("ping", json.dumps(load("github", "ping__repository_hook")).encode())
    star = github("star", b'{"action":"created"}')
    forged = Webhook("/webhooks/github", comment(1).headers, comment(2).body)
    with gateway(tmp_path / "home") as running:
        async with httpx.AsyncClient() as client:
            codes = [
                (await post(client, running.url, webhook)).status_code
                for webhook in (comment(1), comment(1), ping, star, forged, github("issues", b"{"))
            ]
        assert codes == [202, 200, 200, 200, 401, 400]
        metrics = running.metrics()
        words = ("accepted", "duplicate", "reply", "ignored", "unauthorized", "malformed")
        assert [
            metrics[f'webhook_requests_total{{provider="github",status="{word}"}}'] for word in words
        ] == [1.0] * 6
        assert metrics['webhook_signature_validation_failures_total{provider="github"}'] == 1
        assert "tasks_in_queue" in metrics
        assert "task_processing_duration_seconds_count" in metrics


async def test_the_public_listener_has_no_other_route_and_the_admin_one_checks_the_host(
    tmp_path: Path,
) -> None:
    with gateway(tmp_path / "home") as running:
        async with httpx.AsyncClient() as client:
            for path in (
                "/",
                "/metrics",
                "/health/live",
                "/webhooks",
                "/webhooks/gitlab",
                "/webhooks/github/",
            ):
                assert (await client.get(running.url + path)).status_code == 404
            wrong_method = await client.get(running.url + "/webhooks/github")
            assert (wrong_method.status_code, wrong_method.headers["allow"]) == (405, "POST")
            ready = await client.get(running.admin_url + "/health/ready")
            assert ready.json() == {"status": "ready", "down": {}}
            rebound = await client.get(running.admin_url + "/metrics", headers={"host": "attacker.example"})
            assert rebound.status_code == 400


async def test_metrics_count_over_several_processes(tmp_path: Path) -> None:
    with gateway(tmp_path / "home", arguments=("--workers", "2")) as running:
        async with httpx.AsyncClient(limits=httpx.Limits(max_keepalive_connections=0)) as client:
            for number in range(1, 41):
                assert (await post(client, running.url, comment(number))).status_code == 202
        accepted = 'webhook_requests_total{provider="github",status="accepted"}'
        assert running.metrics()[accepted] == 40
        assert len((await read_ledger(running)).origins) == 40
