"""The yardstick: an app on the same server that checks the signature of a webhook and does nothing else."""

import asyncio
import hmac
import sys
from hashlib import sha256

import uvloop

from hookline.gateway.asgi import HttpScope, Receive, Send
from hookline.listeners import Address, Listener
from hookline.tuning import tune_interpreter

SECRET = b"a github secret for tests only"
_HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"2")]


async def bare(scope: HttpScope, receive: Receive, send: Send) -> None:
    """Read the body, check its HMAC, answer."""
    mac = hmac.new(SECRET, b"", sha256)
    headers = dict(scope["headers"])
    has_more = True
    while has_more:
        event = await receive()
        mac.update(event["body"])
        has_more = event["more_body"]
    expected = headers.get(b"x-hub-signature-256", b"").removeprefix(b"sha256=")
    is_signed = hmac.compare_digest(mac.hexdigest().encode(), expected)
    await send({"type": "http.response.start", "status": 202 if is_signed else 401, "headers": _HEADERS})
    await send({"type": "http.response.body", "body": b"{}"})


async def main(port: int) -> None:
    """Serve until killed."""
    listener = Listener(bare, Address("127.0.0.1", port))
    listener.start()
    await listener.is_listening()
    print("ready:", flush=True)
    _ = await asyncio.Event().wait()


if __name__ == "__main__":
    tune_interpreter()
    uvloop.run(main(int(sys.argv[1])))
