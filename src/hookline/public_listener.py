"""The public listener of one process, with everything that takes webhooks in behind it."""

import asyncio
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from hookline.addresses import Address
from hookline.bootstrap import Gateway
from hookline.listeners import Listener
from hookline.main import make_public_app


@asynccontextmanager
async def public_listener(gateway: Gateway, address: Address) -> AsyncGenerator[None]:
    """Take webhooks in, in this process."""
    listener = Listener(make_public_app(gateway), address)
    gateway.intaking.start()
    listener.start()
    try:
        await listener.is_listening()
        yield
    finally:
        await listener.stop()
        await gateway.intaking.stop()


def stop_signal() -> asyncio.Event:
    """An event that SIGTERM and SIGINT set."""
    is_over = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, is_over.set)
    return is_over
