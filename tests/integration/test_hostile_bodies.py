"""Broken, slow, huge and forged bodies on a real gateway: a clear answer, bounded memory."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress

import pytest

from gateways import Gateway, gateway
from hookline.tuning import raise_file_limit
from load import TOO_BUSY, Load, exchange, read_answer, request_bytes
from signed_webhooks import Webhook, comment

pytestmark = [pytest.mark.integration, pytest.mark.no_cover, pytest.mark.timeout(300)]

MEBIBYTE = 1024 * 1024
LIMIT = 25 * MEBIBYTE
FORGERIES = 2_000
BAD_SIGNATURE = "sha256=" + "0" * 64


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with gateway(tmp_path_factory.mktemp("hostile") / "home") as started:
        yield started


def head(length: int | str | None, **changes: str) -> bytes:
    headers = {**comment(1).headers, "x-hub-signature-256": BAD_SIGNATURE, **changes}
    lines = ["POST /webhooks/github HTTP/1.1", "host: localhost"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines += [f"content-length: {length}"] if length is not None else ["transfer-encoding: chunked"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


async def test_a_chunked_body_that_grows_too_large_is_refused(running: Gateway) -> None:
    piece = b"%x\r\n" % MEBIBYTE + b"x" * MEBIBYTE + b"\r\n"
    seen = await exchange(running.port, head(None), *[piece] * 26)
    assert seen.status == 413


async def test_a_missing_signature_is_refused_before_the_body(running: Gateway) -> None:
    seen = await exchange(running.port, head(LIMIT, **{"x-hub-signature-256": ""}))
    assert (seen.status, seen.content["status"]) == (401, "unauthorized")


@pytest.mark.parametrize(
    "change", [{"content-type": "text/plain"}, {"content-encoding": "gzip"}, {"content-type": ""}]
)
async def test_other_media_are_unsupported(running: Gateway, change: dict[str, str]) -> None:
    seen = await exchange(running.port, head(10, **change))
    assert (seen.status, seen.content["status"]) == (415, "unsupported")


def answered(running: Gateway) -> Counter[str]:
    """How many requests of GitHub got which word, as the gateway counts them."""
    words = ("unauthorized", "unavailable")
    name = 'webhook_requests_total{{provider="github",status="{}"}}'
    metrics = running.metrics()
    return Counter({word: int(metrics.get(name.format(word), 0)) for word in words})


def accepted_by(load: Load) -> int:
    return len(load.accepted())


async def forge(port: int, pieces: list[bytes]) -> int | None:
    """Send a forgery for as long as nothing is answered, and tell the status; none: it was broken off."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answer = asyncio.create_task(read_answer(reader))
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            if answer.done():
                break
        return (await answer).status
    except (ConnectionError, asyncio.IncompleteReadError):
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            return (await answer).status
        return None
    finally:
        answer.cancel()
        writer.close()


async def test_a_flood_of_forgeries_pushes_out_no_real_webhook(running: Gateway) -> None:
    left = iter(range(FORGERIES))
    pieces = [head(LIMIT), *[b"x" * MEBIBYTE] * 25]
    outcomes: Counter[int | None] = Counter()

    async def forge_on() -> None:
        for _ in left:
            outcomes[await forge(running.port, pieces)] += 1

    real = Load(running.port, comment, connections=4, first=2 * 10**6)
    sending = asyncio.create_task(real.run())
    await real.until(lambda: len(real.answers) >= 20)
    before, memory, first = answered(running), running.memory(), accepted_by(real)
    await asyncio.gather(*(forge_on() for _ in range(200)))
    during = accepted_by(real) - first
    counted = answered(running) - before
    real.stop()
    await sending
    assert during >= 20
    turned_away = [seen.content["error"] for seen in real.answers.values() if seen.status != 202]
    assert set(turned_away) <= {TOO_BUSY}
    assert outcomes.keys() <= {401, 503, None}
    assert outcomes.total() == FORGERIES
    assert outcomes[401] >= 1
    assert outcomes[503] >= FORGERIES // 4
    refused = counted["unauthorized"] + counted["unavailable"] - len(turned_away)
    assert FORGERIES * 0.95 <= refused <= FORGERIES
    assert running.peak_memory() - memory < 400 * MEBIBYTE


async def test_bodies_that_never_come_take_no_room(running: Gateway) -> None:
    silent = [await asyncio.open_connection("127.0.0.1", running.port) for _ in range(80)]
    for _, writer in silent:
        writer.write(head(MEBIBYTE) + b"{")
        await writer.drain()
    assert (await exchange(running.port, request_bytes(comment(7)))).status == 202
    for _, writer in silent:
        writer.close()


async def test_silent_connections_keep_nobody_out(running: Gateway) -> None:
    _ = raise_file_limit()
    silent = [await asyncio.open_connection("127.0.0.1", running.port) for _ in range(1_200)]
    async with asyncio.timeout(10):
        assert (await exchange(running.port, request_bytes(comment(8)))).status == 202
    for _, writer in silent:
        writer.close()


def test_a_forged_webhook_leaves_no_trace_of_its_bytes(running: Gateway) -> None:
    webhook = Webhook("/webhooks/github", comment(1).headers, b'{"secret-marker": 1}')
    seen = asyncio.run(exchange(running.port, request_bytes(webhook)))
    assert seen.status == 401
    assert "secret-marker" not in "".join(running.output)
