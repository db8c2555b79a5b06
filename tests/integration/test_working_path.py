"""The whole path on a real gateway: a signed webhook becomes a task, which a worker claims and completes."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import count

import httpx
import pytest
from pydantic import JsonValue

from gateways import Gateway, gateway
from hookline.domain.source import MEBIBYTE
from hookline.queue.connection import open_redis
from hookline.queue.redis_queue import RedisTaskQueue
from ledger import queued_ids
from signed_webhooks import comment

pytestmark = [pytest.mark.integration, pytest.mark.no_cover]

_numbers = count(1)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """One gateway for all; every test ends the tasks that it makes."""
    with gateway(tmp_path_factory.mktemp("working") / "home") as made:
        yield made


@pytest.fixture(scope="module")
def tokens(running: Gateway) -> dict[str, str]:
    return {name: told(running, "workers", "add", name)["token"] for name in ("one", "two")}


@pytest.fixture
async def one(running: Gateway, tokens: dict[str, str]) -> AsyncIterator["Bench"]:
    async with bench(running, tokens["one"]) as worker:
        yield worker


@pytest.fixture
async def two(running: Gateway, tokens: dict[str, str]) -> AsyncIterator["Bench"]:
    async with bench(running, tokens["two"]) as worker:
        yield worker


def told(running: Gateway, *words: str) -> dict:
    return json.loads(run(running, *words, "--json"))


def run(running: Gateway, *words: str) -> str:
    done = running.command(*words)
    assert done.returncode == 0, done.stderr
    return done.stdout


class Bench:
    """A worker's bench: what it asks the gateway."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def ask(self, what: str, **asked: JsonValue) -> httpx.Response:
        return await self.client.post(f"/worker/v1/{what}", json=asked, timeout=70)

    async def claim(self, claim_id: str, wait_seconds: float = 0, most: int = 1) -> list[dict]:
        answer = await self.ask("claim", claim_id=claim_id, wait_seconds=wait_seconds, most=most)
        assert answer.status_code == 200, answer.text
        return answer.json()["tasks"]


@asynccontextmanager
async def bench(running: Gateway, token: str) -> AsyncIterator[Bench]:
    headers = {"authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=running.admin_url, headers=headers) as client:
        yield Bench(client)


async def post(running: Gateway, text: str) -> httpx.Response:
    """One more comment, as GitHub posts it."""
    webhook = comment(next(_numbers), text=text)
    async with httpx.AsyncClient() as client:
        return await client.post(running.url + webhook.path, content=webhook.body, headers=webhook.headers)


async def send(running: Gateway, text: str = "@agent fix it") -> str | None:
    """Post a comment; tells the task that it became, if any."""
    return (await post(running, text)).json().get("task_id")


async def test_a_worker_that_waits_gets_the_next_task_and_completes_it(running: Gateway, one: Bench) -> None:
    waiting = asyncio.create_task(one.claim("first", wait_seconds=60))
    task_id = await send(running)
    (assigned,) = await waiting
    assert (assigned["task"]["id"], assigned["task"]["verb"], assigned["fence"]) == (task_id, "fix", 1)
    lease = assigned["lease_token"]
    beat = (await one.ask("heartbeat", lease_tokens=[lease])).json()["leases"]
    assert [(each["status"], each["task_id"]) for each in beat] == [("held", task_id)]
    used = {"input_tokens": 1200, "cached_input_tokens": 800, "output_tokens": 1, "cost_micro_usd": 12_345}
    assert (await one.ask("usage", lease_token=lease, **used)).status_code == 200
    assert "running  1,200 tokens in (800 cached), 1 out, $0.0123" in run(running, "tasks", "show", task_id)
    done = await one.ask("complete", lease_token=lease, result={"summary": "fixed"})
    assert (done.status_code, done.json()["state"]) == (200, "succeeded")
    again = await one.ask("complete", lease_token=lease, result={"summary": "fixed"})
    assert again.json() == done.json()
    other = await one.ask("complete", lease_token=lease, result={"summary": "another"})
    assert (other.status_code, other.json()["lease"]["state"]) == (409, "succeeded")
    shown = told(running, "tasks", "show", task_id)
    assert shown["task"]["state"] == "succeeded"
    (attempt,) = shown["attempts"]
    assert (attempt["fence"], attempt["worker"], attempt["outcome"]) == (1, "one", "succeeded")
    assert attempt["usage"] == {**used, "turns": 0}
    story = run(running, "tasks", "log", task_id)
    assert "task.started" in story
    assert "task.succeeded" in story


async def test_a_task_of_which_a_worker_asks_again_is_not_given_to_another(
    running: Gateway, one: Bench, two: Bench
) -> None:
    task_id = await send(running)
    first = await one.claim("asked twice", wait_seconds=60)
    again = await one.claim("asked twice")
    assert [each["task"]["id"] for each in (*first, *again)] == [task_id, task_id]
    assert first[0]["fence"] == again[0]["fence"]
    assert first[0]["lease_token"] != again[0]["lease_token"]
    assert await two.claim("another's") == []
    stolen = await two.ask("complete", lease_token=again[0]["lease_token"])
    assert stolen.status_code == 401
    assert (await one.ask("complete", lease_token=again[0]["lease_token"])).status_code == 200


@pytest.mark.parametrize("claim", ["c", "c\x1f\x00"])
async def test_two_workers_that_make_up_the_same_claim_get_nothing_of_each_other(
    running: Gateway, one: Bench, two: Bench, claim: str
) -> None:
    waiting = asyncio.create_task(one.claim(claim, wait_seconds=60))
    task_id = await send(running)
    (assigned,) = await waiting
    assert await two.claim(claim) == []
    assert list(await queued_ids(running)) == [task_id]
    assert await running_by_lane(running) == {"github:octo/app": 1}
    done = await one.ask("complete", lease_token=assigned["lease_token"])
    assert done.json()["state"] == "succeeded"
    assert await running_by_lane(running) == {}


async def test_a_worker_that_hung_up_while_it_waited_gets_no_task(
    running: Gateway, one: Bench, two: Bench
) -> None:
    assert await one.claim("there is nothing") == []
    for number in range(5):
        with pytest.raises(httpx.ReadTimeout):
            await one.client.post(
                "/worker/v1/claim", json={"claim_id": f"gone{number}", "wait_seconds": 60}, timeout=0.2
            )
    task_id = await send(running)
    (assigned,) = await two.claim("after those that went", wait_seconds=10)
    assert assigned["task"]["id"] == task_id
    assert (await two.ask("complete", lease_token=assigned["lease_token"])).status_code == 200


async def running_by_lane(running: Gateway) -> dict[str, int]:
    """What the queue believes to run."""
    queue = RedisTaskQueue(open_redis(running.resolved_redis_url))
    stats = await queue.stats()
    await queue.close()
    return dict(stats.running)


async def test_a_cancel_reaches_the_worker_that_waits_for_it(running: Gateway, one: Bench) -> None:
    waiting = asyncio.create_task(one.claim("to be cancelled", wait_seconds=60))
    task_id = await send(running)
    (assigned,) = await waiting
    lease = assigned["lease_token"]
    listening = asyncio.create_task(one.ask("heartbeat", lease_tokens=[lease], wait_seconds=60))
    await send(running, "@agent cancel")
    (state,) = (await listening).json()["leases"]
    assert state["status"] == "cancelled"
    stopped = await one.ask("stop", lease_token=lease)
    assert stopped.json()["state"] == "cancelled"
    assert told(running, "tasks", "show", task_id)["task"]["state"] == "cancelled"


async def say(running: Gateway, text: str) -> dict:
    """What a comment that makes no task is answered."""
    answer = await post(running, text)
    assert answer.status_code == 200, answer.text
    return answer.json()


def applied(running: Gateway) -> int:
    """How many deliveries were a control that did something."""
    listed = told(running, "deliveries", "list", "--limit", "200")["deliveries"]
    return [each["status"] for each in listed].count("applied")


async def test_a_task_that_asks_goes_on_by_an_answer_in_its_session(running: Gateway, one: Bench) -> None:
    before = applied(running)
    waiting = asyncio.create_task(one.claim("asks", wait_seconds=60))
    task_id = await send(running)
    (first,) = await waiting
    lease = first["lease_token"]
    line = {"event": "said", "text": "looking at the test"}
    for stored in (1, 0):
        logged = await one.ask("log", lease_token=lease, first=1, lines=[line])
        assert logged.json() == {"stored": stored, "next": 2, "is_truncated": False}
    await one.ask("session", lease_token=lease, session="s1")
    waits = await one.ask("wait", lease_token=lease, question="which database?", seconds=600)
    assert waits.json()["state"] == "waiting"
    again = asyncio.create_task(one.claim("answered", wait_seconds=60))
    told_status = {"status": "applied", "control": "status", "task_id": task_id}
    assert await say(running, "@agent status") == told_status
    answered = {"status": "applied", "control": "answer", "task_id": task_id}
    assert await say(running, "@agent postgres, please") == answered
    (second,) = await again
    assert (second["task"]["id"], second["fence"], second["session"]) == (task_id, 2, "s1")
    assert [(each["kind"], each["text"]) for each in second["words"]] == [("answer", "postgres, please")]
    await one.ask("fail", lease_token=second["lease_token"], reason="no")
    retried = {"status": "applied", "control": "retry", "task_id": task_id}
    assert await say(running, "@agent retry") == retried
    (third,) = await one.claim("retried", wait_seconds=60)
    done = await one.ask("complete", lease_token=third["lease_token"])
    assert done.json()["state"] == "succeeded"
    story = run(running, "tasks", "log", task_id)
    for fact in ("agent.said", "looking at the test", "task.waiting", "task.answered", "postgres, please"):
        assert fact in story
    assert "agent.said" not in run(running, "tasks", "show", task_id)
    assert applied(running) == before + 3


@pytest.mark.parametrize(
    ("what", "asked", "status"),
    [
        ("claim", {"claim_id": ""}, 422),
        ("claim", {"claim_id": "c", "most": 0}, 422),
        ("claim", {"claim_id": "c", "wait_seconds": 61}, 422),
        ("claim", {"claim_id": "c", "colour": "red"}, 422),
        ("complete", {"lease_token": "hll_x"}, 401),
        ("complete", {"lease_token": "hll_" + "x" * 43}, 401),
        ("fail", {"lease_token": "hll_" + "x" * 43}, 422),
        ("heartbeat", {"lease_tokens": []}, 422),
    ],
)
async def test_what_makes_no_sense_is_refused_in_one_sentence(
    one: Bench, what: str, asked: dict, status: int
) -> None:
    answer = await one.ask(what, **asked)
    assert answer.status_code == status, answer.text
    assert set(answer.json()) == {"error", "lease"}
    assert "x" * 43 not in answer.text


@pytest.mark.parametrize(
    "authorization",
    [b"", b"Bearer", b"Bearer hlw_x", b"Basic x", b"Bearer hll_" + b"x" * 43, b"Bearer hlw_" + b"\xff" * 43],
)
async def test_nobody_without_a_worker_s_token_gets_anything(running: Gateway, authorization: bytes) -> None:
    async with httpx.AsyncClient(base_url=running.admin_url) as client:
        headers = {"authorization": authorization} if authorization else {}
        for what in ("claim", "heartbeat"):
            asked = {"claim_id": "c"} if what == "claim" else {"lease_tokens": ["x"]}
            answer = await client.post(f"/worker/v1/{what}", json=asked, headers=headers)
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("is_declared", [True, False])
async def test_a_result_of_a_hundred_mebibytes_is_refused_and_the_attempt_goes_on(
    running: Gateway, one: Bench, *, is_declared: bool
) -> None:
    task_id = await send(running)
    (assigned,) = await one.claim(f"too much {is_declared}", wait_seconds=60)
    begin = b'{"lease_token": "%s", "result": {"text": "' % assigned["lease_token"].encode()
    parts = [begin, *[b"x" * MEBIBYTE] * 100, b'"}}']

    async def sent() -> AsyncIterator[bytes]:
        for part in parts:
            yield part

    length = {"content-length": str(sum(map(len, parts)))} if is_declared else {}
    before = running.fresh_peak_memory()
    answer = await one.client.post("/worker/v1/complete", content=sent(), headers=length)
    assert (answer.status_code, answer.json()["lease"]) == (413, None)
    assert running.peak_memory() - before < 8 * MEBIBYTE
    done = await one.ask("complete", lease_token=assigned["lease_token"], result={"summary": "short"})
    assert (done.json()["task_id"], done.json()["state"]) == (task_id, "succeeded")


@pytest.mark.parametrize("hours", [-1, 1])
async def test_a_worker_whose_clock_is_off_changes_nothing(running: Gateway, one: Bench, hours: int) -> None:
    """Nothing that is asked holds a time, and what HTTP tells of one is not read."""
    theirs = datetime.now(UTC) + timedelta(hours=hours)
    one.client.headers["date"] = format_datetime(theirs, usegmt=True)
    task_id = await send(running)
    (first,) = await one.claim(f"first {hours}", wait_seconds=60)
    lasts = datetime.fromisoformat(first["lease_ends_at"]) - datetime.now(UTC)
    assert timedelta(0) < lasts < timedelta(minutes=10)
    (beat,) = (await one.ask("heartbeat", lease_tokens=[first["lease_token"]])).json()["leases"]
    assert beat["status"] == "held"
    await one.ask("defer", lease_token=first["lease_token"], seconds=0, reason="at once")
    (second,) = await one.claim(f"second {hours}", wait_seconds=60)
    assert (second["task"]["id"], second["fence"]) == (task_id, 2)
    done = await one.ask("complete", lease_token=second["lease_token"])
    assert done.json()["state"] == "succeeded"
