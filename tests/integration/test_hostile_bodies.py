"""Broken, slow, huge and forged bodies on a real gateway: a clear answer, bounded memory."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateways import Gateway, gateway
from hookline.tuning import raise_file_limit
from ledger import read_ledger
from load import Load, exchange, request_bytes
from signed_webhooks import Webhook, comment, github, load, padded_comment

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

MEBIBYTE = 1024 * 1024
LIMIT = 25 * MEBIBYTE
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


async def test_too_large_is_refused_before_the_body(running: Gateway) -> None:
    seen = await exchange(running.port, head(LIMIT + 1))
    assert (seen.status, seen.content["status"]) == (413, "too_large")


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


async def test_a_wrong_length_is_refused(running: Gateway) -> None:
    webhook = comment(2)
    longer = request_bytes(webhook).replace(
        f"content-length: {len(webhook.body)}".encode(), f"content-length: {len(webhook.body) - 1}".encode()
    )
    seen = await exchange(running.port, longer)
    assert seen.status == 401


async def test_a_body_cut_off_stores_nothing_and_harms_nobody(running: Gateway) -> None:
    before = await read_ledger(running)
    for cut in (0, 1, 1000):
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        whole = request_bytes(comment(3))
        writer.write(whole[: len(whole) - len(comment(3).body) + cut])
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        assert await reader.read() == b""
    assert (await exchange(running.port, request_bytes(comment(4)))).status == 202
    after = await read_ledger(running)
    assert len(after.origins) == len(before.origins) + 1


async def test_a_body_of_25_mebibytes_is_accepted_within_a_few_times_its_size(running: Gateway) -> None:
    assert (await exchange(running.port, request_bytes(comment(5)))).status == 202
    before = running.memory()
    seen = await exchange(running.port, request_bytes(padded_comment(6, LIMIT)))
    assert seen.status == 202
    assert running.peak_memory() - before < 6 * LIMIT


@pytest.mark.parametrize(
    ("where", "value"),
    [
        ("used", r"@agent fix \ud800 this"),
        ("used", r"@agent fix \u0000 this"),
        ("unused", r"\udfff\ud800"),
        ("unused", r"\u0000"),
    ],
)
async def test_unstorable_characters_are_cleaned(running: Gateway, where: str, value: str) -> None:
    payload = load("github", "issue_comment__mention")
    number = abs(hash((where, value))) % 10**9 + 10**6
    payload["comment"].update({"id": number, "body": "@agent fix it"})
    payload["unused" if where == "unused" else "title"] = "PLACEHOLDER"
    if where == "used":
        payload["comment"]["body"] = "PLACEHOLDER"
    body = json.dumps(payload).replace("PLACEHOLDER", value).encode()
    seen = await exchange(running.port, request_bytes(github("issue_comment", body)))
    assert seen.status == 202, seen


async def test_deep_nesting_is_refused_in_words(running: Gateway) -> None:
    for body in (b'{"a":' + b"[" * 100_000, b'{"comment":' + b'{"a":' * 100_000):
        seen = await exchange(running.port, request_bytes(github("issue_comment", body)))
        assert seen.status == 400
        assert len(json.dumps(seen.content)) < 300


async def test_a_flood_of_forgeries_pushes_out_no_real_webhook(running: Gateway) -> None:
    forged = head(LIMIT)
    piece = b"x" * MEBIBYTE
    left = iter(range(2000))
    outcomes: dict[int, int] = {}

    async def forge() -> None:
        for _ in left:
            try:
                seen = await exchange(running.port, forged, *[piece] * 25)
            except (ConnectionError, asyncio.IncompleteReadError):
                continue
            outcomes[seen.status] = outcomes.get(seen.status, 0) + 1

    real = Load(running.port, comment, connections=4, first=2 * 10**6)
    sending = asyncio.create_task(real.run())
    await real.until(lambda: len(real.answers) >= 20)
    before = running.memory()
    await asyncio.gather(*(forge() for _ in range(200)))
    already = len(real.answers)
    await real.until(lambda: len(real.answers) >= already + 20)
    real.stop()
    await sending
    assert {seen.status for seen in real.answers.values()} == {202}
    assert set(outcomes) <= {401, 503}
    assert running.peak_memory() - before < 400 * MEBIBYTE


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


async def test_a_slow_body_is_given_up(tmp_path: Path) -> None:
    (tmp_path / "hookline.toml").write_text("[server]\nbody_seconds = 0.5\n")
    with gateway(tmp_path / "home") as impatient:
        seen = await exchange(impatient.port, head(1000), b"x")
        assert seen.status == 408


def test_a_forged_webhook_leaves_no_trace_of_its_bytes(running: Gateway) -> None:
    webhook = Webhook("/webhooks/github", comment(1).headers, b'{"secret-marker": 1}')
    seen = asyncio.run(exchange(running.port, request_bytes(webhook)))
    assert seen.status == 401
    assert "secret-marker" not in "".join(running.output)
