"""Hostile bodies of every provider on a real gateway: a clear answer, bounded memory, and the right rows."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from hashlib import sha256
from itertools import count

import pytest

from gateways import Gateway, eventually, gateway
from hostile_shapes import JSON_SHAPES, SHAPES, UNUSED, USED, Shape
from ledger import Stored, read_body, read_stored
from load import Seen, deliver, exchange, request_bytes
from signed_webhooks import Webhook

pytestmark = [pytest.mark.integration, pytest.mark.no_cover, pytest.mark.timeout(300)]

MEBIBYTE = 1024 * 1024
LIMIT = 25 * MEBIBYTE
DEPTH = 100_000
SHORTEST_ANSWER, LONGEST_ANSWER = 2, 300
NUMBERS = count(10**6)

every_shape = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
every_json_shape = pytest.mark.parametrize("shape", JSON_SHAPES.values(), ids=JSON_SHAPES)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "hookline.toml").write_text("[server]\nbody_seconds = 0.5\n")
    with gateway(folder / "home") as started:
        yield started
        assert "Traceback" not in "".join(started.output)


def with_length(webhook: Webhook, length: int | str) -> bytes:
    """The request with another Content-Length than its body has."""
    true = f"content-length: {len(webhook.body)}\r\n".encode()
    request = request_bytes(webhook)
    assert true in request
    return request.replace(true, f"content-length: {length}\r\n".encode())


def head_of(webhook: Webhook, length: int | str) -> bytes:
    return with_length(webhook, length).removesuffix(webhook.body)


async def assert_accepted(running: Gateway, shape: Shape, webhook: Webhook) -> None:
    """A duplicate is one that a busy database committed too late for its first answer."""
    seen = await deliver(running.port, webhook)
    assert seen.status == shape.code or seen.content.get("status") == "duplicate", seen


async def is_accepted(running: Gateway, shape: Shape) -> Stored:
    """That a harmless webhook is accepted now, and what is stored once it is."""
    await assert_accepted(running, shape, shape.webhook(next(NUMBERS)))
    return await read_stored(running)


@asynccontextmanager
async def nothing_stored(running: Gateway, shape: Shape) -> AsyncIterator[None]:
    """What is sent inside stores nothing, and the next webhook is accepted."""
    before = await is_accepted(running, shape)
    yield
    after = await is_accepted(running, shape)
    assert len(after.deliveries) == len(before.deliveries) + 1
    assert len(after.tasks) == len(before.tasks) + 1


def assert_refused(seen: Seen, status: int, word: str) -> None:
    assert (seen.status, seen.content["status"]) == (status, word)
    assert SHORTEST_ANSWER < len(seen.content["error"]) < LONGEST_ANSWER


async def assert_stored(running: Gateway, webhook: Webhook, text: str) -> None:
    """That the delivery is stored with the very bytes that came, and made a task with this text."""
    stored = await read_stored(running)
    delivery = stored.deliveries[sha256(webhook.body).hexdigest()]
    assert (delivery.status, delivery.size) == ("accepted", len(webhook.body))
    assert await read_body(running, delivery.id) == webhook.body
    task = stored.tasks[delivery.task_id or ""]
    assert (task.text, task.delivery_id) == (text, delivery.id)


@every_json_shape
@pytest.mark.parametrize("place", ["used", "unused"])
async def test_lone_surrogates_and_nul_are_cleaned_where_they_count(
    running: Gateway, shape: Shape, place: str
) -> None:
    hostile = r"the \ud800 login \u0000 test \udfff\ud800 \ud83d\ude00 now"
    webhook = shape.webhook(next(NUMBERS), **{"used": "it", place: hostile})
    await assert_accepted(running, shape, webhook)
    cleaned = "the \ufffd login \ufffd test \ufffd\ufffd \U0001f600 now"
    await assert_stored(running, webhook, cleaned if place == "used" else "it")


@pytest.mark.parametrize("place", ["used", "unused"])
async def test_nul_in_a_slash_command_is_cleaned(running: Gateway, place: str) -> None:
    shape = SHAPES["slack command"]
    webhook = shape.webhook(next(NUMBERS), **{"used": "it", place: "the \0 test"})
    await assert_accepted(running, shape, webhook)
    await assert_stored(running, webhook, "the \ufffd test" if place == "used" else "it")


@every_shape
@pytest.mark.parametrize("value", [b"\xed\xa0\x80", b"\xff"], ids=["surrogate", "no utf-8"])
async def test_bytes_that_are_no_text_are_malformed(running: Gateway, shape: Shape, value: bytes) -> None:
    raw = shape.webhook(next(NUMBERS), "BROKEN").body.replace(b"BROKEN", value)
    async with nothing_stored(running, shape):
        assert_refused(await exchange(running.port, request_bytes(shape.sign(raw))), 400, "malformed")


@every_shape
async def test_a_bare_nul_is_malformed_in_json_and_cleaned_in_a_form(running: Gateway, shape: Shape) -> None:
    webhook = shape.sign(shape.webhook(next(NUMBERS), "BROKEN").body.replace(b"BROKEN", b"a\0b"))
    if webhook.headers["content-type"] == "application/json":
        async with nothing_stored(running, shape):
            assert_refused(await exchange(running.port, request_bytes(webhook)), 400, "malformed")
    else:
        await assert_accepted(running, shape, webhook)
        await assert_stored(running, webhook, "a\ufffdb")


@every_json_shape
@pytest.mark.parametrize("place", [USED, UNUSED], ids=["used", "unused"])
@pytest.mark.parametrize(
    "value",
    ["[" * DEPTH, '{"a":' * DEPTH + "1" + "}" * DEPTH],
    ids=["unclosed lists", "objects"],
)
async def test_deep_nesting_is_refused_in_words(
    running: Gateway, shape: Shape, place: str, value: str
) -> None:
    webhook = shape.with_value(next(NUMBERS), place, value)
    async with nothing_stored(running, shape):
        assert_refused(await exchange(running.port, request_bytes(webhook)), 400, "malformed")


@every_shape
async def test_a_body_as_large_as_the_limit_is_accepted_within_a_few_times_its_size(
    running: Gateway, shape: Shape
) -> None:
    await is_accepted(running, shape)
    before = running.memory()
    webhook = shape.padded(next(NUMBERS), LIMIT)
    await assert_accepted(running, shape, webhook)
    assert running.peak_memory() - before < 10 * LIMIT
    await assert_stored(running, webhook, "it")


@every_shape
async def test_one_byte_more_than_the_limit_is_refused_before_the_body(
    running: Gateway, shape: Shape
) -> None:
    webhook = shape.webhook(next(NUMBERS))
    async with nothing_stored(running, shape):
        assert_refused(await exchange(running.port, head_of(webhook, LIMIT + 1)), 413, "too_large")


@every_shape
async def test_a_length_that_is_one_too_small_breaks_the_signature(running: Gateway, shape: Shape) -> None:
    webhook = shape.webhook(next(NUMBERS))
    async with nothing_stored(running, shape):
        seen = await exchange(running.port, with_length(webhook, len(webhook.body) - 1))
        assert_refused(seen, 401, "unauthorized")


@every_shape
async def test_a_length_that_is_none_is_refused(running: Gateway, shape: Shape) -> None:
    webhook = shape.webhook(next(NUMBERS))
    async with nothing_stored(running, shape):
        for length in ("-1", "ten", "1, 2", "1\r\ncontent-length: 2"):
            assert (await exchange(running.port, head_of(webhook, length))).status == 400
        assert (await exchange(running.port, head_of(webhook, "9" * 40))).status in {400, 413}


async def test_bodies_that_stop_halfway_are_given_up_at_their_deadline(running: Gateway) -> None:
    """One length is too large by one byte; of the other bodies half is missing."""
    loop = asyncio.get_running_loop()
    before = await is_accepted(running, SHAPES["github"])
    webhooks = [shape.webhook(next(NUMBERS)) for shape in SHAPES.values()]
    halves = [request_bytes(webhook)[: -(len(webhook.body) // 2)] for webhook in webhooks]
    longer = [with_length(webhook, len(webhook.body) + 1) for webhook in webhooks]
    began = loop.time()
    answers = await asyncio.gather(*(exchange(running.port, sent) for sent in halves + longer))
    assert 0.5 <= loop.time() - began < 15
    for seen in answers:
        assert_refused(seen, 408, "malformed")
    after = await is_accepted(running, SHAPES["github"])
    assert len(after.deliveries) == len(before.deliveries) + 1


@every_shape
async def test_a_body_cut_off_stores_nothing(running: Gateway, shape: Shape) -> None:
    webhook = shape.webhook(next(NUMBERS))
    malformed = f'webhook_requests_total{{provider="{shape.provider}",status="malformed"}}'
    counted = running.metrics().get(malformed, 0)
    async with nothing_stored(running, shape):
        cuts = (1, len(webhook.body) // 2, len(webhook.body))
        for cut in cuts:
            _, writer = await asyncio.open_connection("127.0.0.1", running.port)
            writer.write(request_bytes(webhook)[:-cut])
            await writer.drain()
            writer.close()
            await writer.wait_closed()

        async def are_all_given_up() -> bool:
            return running.metrics().get(malformed, 0) == counted + len(cuts)

        await eventually(are_all_given_up)
