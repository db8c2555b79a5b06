"""The typed client against the real routes: what it is told, what may be repeated, and what is refused."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import delete

from gateways import eventually
from hookline.core.log_lines import project
from hookline.domain import worker_messages
from hookline.domain.command import Command, Verb
from hookline.domain.errors import StorageUnavailableError
from hookline.domain.source import MEBIBYTE
from hookline.domain.worker_messages import (
    Assigned,
    ClaimRequest,
    CompleteRequest,
    DeferRequest,
    EffectRequest,
    FailRequest,
    HeartbeatRequest,
    Line,
    LogRequest,
    Message,
    ReleaseRequest,
    SessionRequest,
    StopRequest,
    UsageReport,
    UsageRequest,
    WaitRequest,
)
from hookline.storage.database import Database
from hookline.storage.log_source import SqlLogSource
from hookline.storage.models import TaskRow
from hookline.worker.client import GatewayAwayError, LeaseLostError, RefusedError, WorkerClient
from hookline.worker_api.bounded import MOST_DISCARDED
from submissions import PLAN
from worker_desks import MINUTE, Gate, claimed, fields_of_kind

FOLDS = replace(PLAN, folds=True)
CALLS: dict[str, Callable[[WorkerClient, str], Awaitable[Message]]] = {
    "log": lambda worker, token: worker.log(log_of(token, 1, "hello")),
    "usage": lambda worker, token: worker.usage(UsageRequest(lease_token=token, turns=1)),
    "session": lambda worker, token: worker.session(SessionRequest(lease_token=token, session="s1")),
    "effect": lambda worker, token: worker.effect(effect_of(token)),
    "complete": lambda worker, token: worker.complete(CompleteRequest(lease_token=token)),
    "fail": lambda worker, token: worker.fail(FailRequest(lease_token=token, reason="no")),
    "release": lambda worker, token: worker.release(ReleaseRequest(lease_token=token, reason="bye")),
    "defer": lambda worker, token: worker.defer(DeferRequest(lease_token=token, seconds=1, reason="later")),
    "wait": lambda worker, token: worker.wait(WaitRequest(lease_token=token, question="?", seconds=60)),
    "stop": lambda worker, token: worker.stop(StopRequest(lease_token=token)),
}
RECORDS = ["log", "usage", "session", "effect"]


def log_of(token: str, first: int, *texts: str) -> LogRequest:
    lines = tuple(Line(event="said", text=text) for text in texts)
    return LogRequest(lease_token=token, first=first, lines=lines)


def effect_of(token: str) -> EffectRequest:
    return EffectRequest(lease_token=token, kind="comment", key="result", payload={"text": "done"})


@pytest.fixture
async def gate(sqlite_database: Database) -> AsyncIterator[Gate]:
    made = Gate(sqlite_database)
    yield made
    await made.close()


@pytest.fixture
async def one(gate: Gate) -> WorkerClient:
    return await gate.worker("one")


@pytest.fixture
async def two(gate: Gate) -> WorkerClient:
    return await gate.worker("two")


async def standing(gate: Gate, assigned: Assigned) -> tuple:
    """What must stay as it is where a call is refused."""
    task_id = assigned.task.id
    row = await gate.office.task(task_id, "state", "fence", "holder", "lease_ends_at")
    return (*row, await gate.office.facts(task_id), await gate.office.attempts(task_id, "usage", "session"))


async def test_what_an_agent_says_stands_in_the_story_in_order(gate: Gate, one: WorkerClient) -> None:
    task_id = await gate.accept()
    token = (await claimed(one)).lease_token
    assert (await one.log(log_of(token, 1, "a", "b"))).next == 3
    tool = Line(event="called_tool", name="shell", text="ls")
    assert (await one.log(LogRequest(lease_token=token, first=3, lines=(tool,)))).stored == 1
    ended = await one.complete(CompleteRequest(lease_token=token, result={"summary": "done"}))
    assert ended.state == "succeeded"
    whole = await SqlLogSource(gate.office.database).whole(task_id)
    lines = list(project(whole))
    assert [line.seq for line in lines] == list(range(1, len(lines) + 1))
    assert [(line.event, line.fence, line.data) for line in lines][-5:-1] == [
        ("task.started", 1, lines[-5].data),
        ("agent.said", 1, {"n": 1, "text": "a"}),
        ("agent.said", 1, {"n": 2, "text": "b"}),
        ("agent.called_tool", 1, {"n": 3, "name": "shell", "text": "ls"}),
    ]


async def test_an_agent_that_says_too_much_is_told_so_and_may_complete(sqlite_database: Database) -> None:
    gate = Gate(sqlite_database, most_logged_bytes=100)
    one = await gate.worker("one")
    await gate.accept()
    token = (await claimed(one)).lease_token
    answers = [await one.log(log_of(token, number, "x" * 40)) for number in (1, 2, 3)]
    assert [(answer.stored, answer.next, answer.is_truncated) for answer in answers] == [
        (1, 2, False),
        (0, 3, True),
        (0, 4, True),
    ]
    assert (await one.complete(CompleteRequest(lease_token=token))).state == "succeeded"
    await gate.close()


async def test_usage_session_and_effect_are_kept(gate: Gate, one: WorkerClient) -> None:
    task_id = await gate.accept()
    token = (await claimed(one)).lease_token
    used = UsageReport(input_tokens=5, output_tokens=2, cost_micro_usd=40)
    assert await one.usage(UsageRequest(lease_token=token, **used.model_dump())) == used
    assert (await one.session(SessionRequest(lease_token=token, session="s1"))).session == "s1"
    first, again = await one.effect(effect_of(token)), await one.effect(effect_of(token))
    assert (first.key, first.is_new, again.is_new) == (f"task:{task_id}:comment:result", True, False)


async def test_a_follow_up_goes_on_in_the_session_with_what_was_folded(gate: Gate, one: WorkerClient) -> None:
    await gate.accept(plan=FOLDS)
    first = await claimed(one)
    assert (first.session, first.words) == (None, ())
    for text in ("one", "two", "three"):
        await gate.accept(plan=FOLDS, text=text)
    await one.session(SessionRequest(lease_token=first.lease_token, session="s1"))
    following = ClaimRequest(claim_id="c2")
    ended = await one.complete(CompleteRequest(lease_token=first.lease_token, next=following))
    (second,) = ended.tasks
    assert (second.task.text, second.session) == ("one", "s1")
    told = [(words.kind, words.text, words.said_by, words.is_new) for words in second.words]
    assert told == [("folded", "two", "octocat", True), ("folded", "three", "octocat", True)]
    assert (await gate.queue.held(0, 100))[1] == [second.task.id]
    again = await claimed(one, "c2")
    assert (again.fence, again.session, again.words) == (second.fence, "s1", second.words)
    await one.release(ReleaseRequest(lease_token=again.lease_token, reason="bye"))
    third = await claimed(one, "c3")
    assert [(words.text, words.is_new) for words in third.words] == [("two", False), ("three", False)]


async def test_words_are_new_until_a_worker_was_heard_of_that_had_them(gate: Gate, one: WorkerClient) -> None:
    await gate.accept(plan=FOLDS)
    await gate.accept(plan=FOLDS, text="two")
    await claimed(one, "c1")
    gate.office.pass_(MINUTE)
    second = await claimed(one, "c2")
    await one.heartbeat(HeartbeatRequest(lease_tokens=(second.lease_token,)))
    gate.office.pass_(2 * MINUTE)
    third = await claimed(one, "c3")
    told = [(each.fence, [words.is_new for words in each.words]) for each in (second, third)]
    assert told == [(2, [True]), (3, [False])]


async def test_a_worker_that_is_revoked_while_it_waits_gets_nothing(
    gate: Gate, one: WorkerClient, two: WorkerClient
) -> None:
    async def has_waiting() -> bool:
        return bool(gate.line._places)

    asked = asyncio.create_task(one.claim(ClaimRequest(claim_id="c1", wait_seconds=60)))
    await eventually(has_waiting)
    await gate.register.revoke("one", gate.office.now)
    gate.office.pass_(MINUTE)
    task_id = await gate.accept()
    gate.line.ring()
    with pytest.raises(RefusedError) as caught:
        await asked
    assert caught.value.status == 401
    assert (await claimed(two)).task.id == task_id
    assert await gate.office.attempts(task_id, "worker", "outcome") == [("one", "unclaimed"), ("two", None)]


async def test_a_result_that_no_database_stores_is_stored_without_it(gate: Gate, one: WorkerClient) -> None:
    task_id = await gate.accept()
    token = (await claimed(one)).lease_token
    sent = json.dumps({"lease_token": token, "result": {"a\0": "b\ud800"}})
    for _ in range(2):
        answer = await gate.http.post("/worker/v1/complete", content=sent, headers=one._headers)
        assert (answer.status_code, answer.json()["state"]) == (200, "succeeded")
    (stored,) = await gate.office.task(task_id, "result")
    assert json.loads(stored) == {"a\ufffd": "b\ufffd"}
    with pytest.raises(RefusedError, match="cannot be written as JSON"):
        await one.complete(CompleteRequest(lease_token=token, result={"a": "\ud800"}))


@pytest.mark.parametrize("depth", [150, 300, 600, 900, 2_000])
async def test_a_nested_result_is_kept_or_refused(gate: Gate, one: WorkerClient, depth: int) -> None:
    await gate.accept()
    token = (await claimed(one)).lease_token
    sent = json.dumps({"lease_token": token, "result": {"a": "nested"}})
    sent = sent.replace('"nested"', "[" * depth + "]" * depth)
    answer = await gate.http.post("/worker/v1/complete", content=sent, headers=one._headers)
    assert answer.status_code in {200, 422}, answer.text[:200]


@pytest.mark.parametrize(
    "sent",
    [b"", b"{", b"\xff", b"[" * 100_000, b"1" * 5_000, b'{"a":' * 500 + b"1" + b"}" * 500],
    ids=["nothing", "broken", "no UTF-8", "nested", "endless number", "deep"],
)
@pytest.mark.parametrize("what", ["claim", "complete"])
async def test_what_is_no_json_is_refused_in_words(
    gate: Gate, one: WorkerClient, what: str, sent: bytes
) -> None:
    answer = await gate.http.post(f"/worker/v1/{what}", content=sent, headers=one._headers)
    assert (answer.status_code, answer.json()["lease"]) == (422, None)
    assert 10 < len(answer.json()["error"]) < 400


async def test_a_session_is_not_another_agent_s(gate: Gate, one: WorkerClient) -> None:
    await gate.accept()
    first = await claimed(one)
    await one.session(SessionRequest(lease_token=first.lease_token, session="s1"))
    await one.complete(CompleteRequest(lease_token=first.lease_token))
    await gate.accept(plan=replace(PLAN, agent="other"))
    await gate.accept("elsewhere")
    tasks = (await one.claim(ClaimRequest(claim_id="c2", most=5))).tasks
    assert [assigned.session for assigned in tasks] == [None, None]


async def test_an_answer_wakes_and_is_told(gate: Gate, one: WorkerClient) -> None:
    task_id = await gate.accept()
    first = await claimed(one)
    asked = WaitRequest(lease_token=first.lease_token, question="which database?", seconds=3600)
    assert (await one.wait(asked)).state == "waiting"
    assert (await one.claim(ClaimRequest(claim_id="c2"))).tasks == ()
    said = gate.office.sender.asks("a", command=Command(Verb.ASK, "postgres"))
    committed = await gate.office.intake.commit([said])
    await gate.queue.enqueue(committed.changed.queued)
    second = await claimed(one, "c3")
    assert (second.task.id, second.fence) == (task_id, 2)
    assert [(words.kind, words.text, words.is_new) for words in second.words] == [
        ("answer", "postgres", True)
    ]


async def test_a_lost_answer_of_a_claim_is_asked_for_again(gate: Gate, one: WorkerClient) -> None:
    task_id = await gate.accept()
    gate.wire.losses = 1
    with pytest.raises(GatewayAwayError, match="ReadError"):
        await one.claim(ClaimRequest(claim_id="c1"))
    assert (await gate.office.state(task_id)) == "running"
    again = await claimed(one)
    assert (again.task.id, again.fence) == (task_id, 1)
    assert (await one.heartbeat(HeartbeatRequest(lease_tokens=(again.lease_token,)))).leases[
        0
    ].status == "held"


@pytest.mark.parametrize("name", CALLS)
async def test_whatever_is_lost_may_be_sent_again(gate: Gate, one: WorkerClient, name: str) -> None:
    await gate.accept()
    assigned = await claimed(one)
    gate.wire.losses = 1
    with pytest.raises(GatewayAwayError):
        await CALLS[name](one, assigned.lease_token)
    before = await standing(gate, assigned)
    await CALLS[name](one, assigned.lease_token)
    assert await standing(gate, assigned) == before


@pytest.mark.parametrize("name", CALLS)
async def test_a_zombie_hears_who_has_the_task(
    gate: Gate, one: WorkerClient, two: WorkerClient, name: str
) -> None:
    task_id = await gate.accept()
    zombie = await claimed(one)
    gate.office.pass_(2 * MINUTE)
    holder = await claimed(two, "c2")
    before = await standing(gate, holder)
    with pytest.raises(LeaseLostError, match="the task is running") as caught:
        await CALLS[name](one, zombie.lease_token)
    lease = caught.value.lease
    assert (lease.task_id, lease.fence, lease.holder, lease.holder_fence) == (task_id, 1, "two", 2)
    assert await standing(gate, holder) == before


@pytest.mark.parametrize("name", CALLS)
async def test_a_lease_of_another_worker_is_none(
    gate: Gate, one: WorkerClient, two: WorkerClient, name: str
) -> None:
    await gate.accept()
    assigned = await claimed(one)
    before = await standing(gate, assigned)
    with pytest.raises(RefusedError, match="a lease of this worker") as caught:
        await CALLS[name](two, assigned.lease_token)
    assert caught.value.status == 401
    assert await standing(gate, assigned) == before


@pytest.mark.parametrize("token", ["", "hll_", "hll_" + "x" * 43, "hlt_" + "x" * 43, "\x00", "é" * 47])
async def test_a_token_that_is_none_is_refused(one: WorkerClient, token: str) -> None:
    refused = []
    for name, call in CALLS.items():
        with pytest.raises(RefusedError) as caught:
            await call(one, token)
        refused.append((name, caught.value.status))
    assert refused == [(name, 401) for name in CALLS]


async def test_a_tool_token_is_no_lease_token(gate: Gate, one: WorkerClient) -> None:
    await gate.accept()
    assigned = await claimed(one)
    with pytest.raises(RefusedError):
        await one.log(log_of(assigned.tool_token, 1, "a"))


async def test_a_task_that_is_gone_is_unknown(gate: Gate, one: WorkerClient) -> None:
    task_id = await gate.accept()
    assigned = await claimed(one)
    async with gate.office.database.write() as connection:
        await connection.execute(delete(TaskRow).where(TaskRow.id == task_id))
    for call in CALLS.values():
        with pytest.raises(RefusedError) as caught:
            await call(one, assigned.lease_token)
        assert caught.value.status == 401


async def test_nobody_without_a_worker_s_token_gets_anything(gate: Gate) -> None:
    await gate.accept()
    for token in ("", "hlw_x", "hlw_" + "x" * 43, "hll_" + "x" * 43):
        with pytest.raises(RefusedError) as caught:
            await gate.stranger(token).claim(ClaimRequest(claim_id="c"))
        assert caught.value.status == 401


async def test_a_revoked_worker_gets_nothing_more(gate: Gate, one: WorkerClient) -> None:
    await gate.accept()
    assigned = await claimed(one)
    await gate.register.revoke("one", gate.office.now)
    with pytest.raises(RefusedError):
        await one.complete(CompleteRequest(lease_token=assigned.lease_token))
    assert await gate.office.state(assigned.task.id) == "running"


async def test_what_is_too_large_is_refused_and_changes_nothing(gate: Gate, one: WorkerClient) -> None:
    await gate.accept()
    assigned = await claimed(one)
    before = await standing(gate, assigned)
    token = assigned.lease_token
    large = "x" * 16_000
    result = CompleteRequest(lease_token=token, result={"text": "x" * 3 * MEBIBYTE})
    lines = log_of(token, 1, *[large] * 200)
    for call in (one.complete(result), one.log(lines)):
        with pytest.raises(RefusedError) as caught:
            await call
        assert caught.value.status == 413
    for what, asked in (("complete", result), ("log", lines)):
        sent = asked.model_dump_json()
        answer = await gate.http.post(f"/worker/v1/{what}", content=sent, headers=one._headers)
        assert answer.status_code == 413
    for call in (
        one.complete(CompleteRequest(lease_token=token, result={"text": "x" * MEBIBYTE})),
        one.effect(effect_of(token).model_copy(update={"payload": {"text": "x" * 70_000}})),
        one.log(log_of(token, 2, "a")),
    ):
        with pytest.raises(RefusedError) as caught:
            await call
        assert caught.value.status == 422
    assert await standing(gate, assigned) == before


@pytest.mark.parametrize(
    ("declared", "most_read"),
    [({}, MOST_DISCARDED), ({"content-length": "1000000000000"}, 0)],
    ids=["chunked", "declared"],
)
async def test_an_endless_result_is_not_read_to_its_end(
    gate: Gate, one: WorkerClient, declared: dict[str, str], most_read: int
) -> None:
    await gate.accept()
    assigned = await claimed(one)
    before = await standing(gate, assigned)
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += MEBIBYTE
            yield bytes(MEBIBYTE)

    headers = {**one._headers, **declared}
    answer = await gate.http.post("/worker/v1/complete", content=endless(), headers=headers)
    assert (answer.status_code, sent <= most_read + MEBIBYTE) == (413, True)
    assert await standing(gate, assigned) == before


@pytest.mark.parametrize(
    ("what", "asked"),
    [
        ("log", {"first": 0, "lines": [{"event": "said", "text": "a"}]}),
        ("log", {"first": 1, "lines": []}),
        ("log", {"first": 1, "lines": [{"event": "task.succeeded", "text": "a"}]}),
        ("log", {"first": 1, "lines": [{"event": "said", "text": "a", "at": "2026-03-01T13:00:00Z"}]}),
        ("log", {"first": 1, "lines": [{"event": "said", "text": "x" * 16_001}]}),
        ("log", {"first": 1, "lines": [{"event": "said", "text": "a"}] * 501}),
        ("usage", {"turns": -1}),
        ("usage", {"turns": 10**13}),
        ("usage", {"turns": "1"}),
        ("session", {"session": ""}),
        ("effect", {"kind": "Comment", "key": "k", "payload": {}}),
        ("effect", {"kind": "comment", "key": "a b", "payload": {}}),
        ("effect", {"kind": "comment", "key": "k", "payload": []}),
    ],
)
async def test_what_makes_no_sense_changes_nothing(
    gate: Gate, one: WorkerClient, what: str, asked: dict
) -> None:
    await gate.accept()
    assigned = await claimed(one)
    before = await standing(gate, assigned)
    sent = {"lease_token": assigned.lease_token, **asked}
    answer = await gate.http.post(f"/worker/v1/{what}", json=sent, headers=one._headers)
    assert answer.status_code == 422
    assert assigned.lease_token not in answer.text
    assert await standing(gate, assigned) == before


def test_no_request_holds_a_time_of_the_worker_s_clock() -> None:
    requests = [
        kind
        for name, kind in vars(worker_messages).items()
        if name.endswith("Request") or name in {"Line", "UsageReport"}
    ]
    assert len(requests) > 10
    for request in requests:
        assert fields_of_kind(request, lambda kind: "datetime" in str(kind)) == {}


async def test_a_gateway_whose_clock_differs_tells_its_own_time(gate: Gate, one: WorkerClient) -> None:
    gate.office.pass_(timedelta(hours=1))
    await gate.accept()
    assigned = await claimed(one)
    assert timedelta(0) < assigned.lease_ends_at - gate.office.now <= MINUTE


async def test_a_gateway_without_a_database_may_be_asked_again(
    gate: Gate, one: WorkerClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await gate.accept()
    assigned = await claimed(one)

    async def gone(*_: object) -> None:
        raise StorageUnavailableError("gone")

    with monkeypatch.context() as without:
        without.setattr(type(gate.office.database), "transact", gone)
        for name in RECORDS:
            with pytest.raises(GatewayAwayError, match="503"):
                await CALLS[name](one, assigned.lease_token)
    for name in RECORDS:
        await CALLS[name](one, assigned.lease_token)


async def test_what_answers_may_be_something_else() -> None:
    def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, text="<html>")

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://x.test") as http:
        with pytest.raises(RefusedError, match="no Hookline of this version"):
            await WorkerClient(http, "hlw_x").claim(ClaimRequest(claim_id="c"))
