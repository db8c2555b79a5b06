"""How long a worker waits: from the commit to its claim, from a cancel to its heartbeat's answer."""

import asyncio
import json
import statistics
import tempfile
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from time import perf_counter

import httpx

from gateways import Gateway, gateway
from signed_webhooks import comment

SETTLED_SECONDS = 0.05
_numbers = count(1)


class Desk:
    """A gateway with one worker that waits at it."""

    def __init__(self, running: Gateway, client: httpx.AsyncClient) -> None:
        self._url = running.url
        self._client = client

    async def ask(self, what: str, **asked: str | float | list[str] | dict[str, str]) -> dict:
        """Ask as the worker; tells the answer."""
        answer = await self._client.post(f"/worker/v1/{what}", json=asked, timeout=70)
        return answer.raise_for_status().json()

    async def post(self, text: str) -> float:
        """Post a comment as GitHub does; tells when it was answered."""
        webhook = comment(next(_numbers), text=text)
        answer = await self._client.post(
            self._url + webhook.path, content=webhook.body, headers=webhook.headers
        )
        _ = answer.raise_for_status()
        return perf_counter()

    async def claim(self) -> tuple[float, str]:
        """Wait for a task; tells when it came, and the token of its lease."""
        told = await self.ask("claim", claim_id=f"claim-{next(_numbers)}", wait_seconds=60)
        return perf_counter(), told["tasks"][0]["lease_token"]

    async def once(self) -> tuple[float, float, float]:
        """Seconds from the post and from its answer to the claim, and from the cancel to the worker."""
        waiting = asyncio.create_task(self.claim())
        await asyncio.sleep(SETTLED_SECONDS)
        began = perf_counter()
        accepted = await self.post("@agent fix it")
        claimed, lease = await waiting
        listening = asyncio.create_task(self.ask("heartbeat", lease_tokens=[lease], wait_seconds=60))
        await asyncio.sleep(SETTLED_SECONDS)
        cancelled = perf_counter()
        _ = await self.post("@agent cancel")
        told = await listening
        heard = perf_counter()
        assert told["leases"][0]["status"] == "cancelled"
        _ = await self.ask("stop", lease_token=lease)
        return claimed - began, max(claimed - accepted, 0.0), heard - cancelled


async def measure(rounds: int) -> dict:
    """Milliseconds on the embedded default."""
    with (
        tempfile.TemporaryDirectory(prefix="hookline-bench-") as name,
        gateway(Path(name) / "home") as running,
    ):
        token = json.loads(running.command("workers", "add", "bench", "--json").stdout)["token"]
        headers = {"authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(base_url=running.admin_url, headers=headers) as client:
            desk = Desk(running, client)
            _ = await desk.once()
            runs = [await desk.once() for _ in range(rounds)]
    names = ("post_to_claim", "commit_to_claim", "cancel_to_worker")
    return {name: _told(values) for name, values in zip(names, zip(*runs, strict=True), strict=True)}


def _told(seconds: Sequence[float]) -> dict[str, float]:
    ordered = sorted(value * 1000 for value in seconds)
    return {
        "median_ms": round(statistics.median(ordered), 1),
        "p99_ms": round(ordered[int(len(ordered) * 0.99)], 1),
    }
