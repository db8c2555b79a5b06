"""Listening sockets, served by Granian inside this process's event loop."""

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server

from hookline.addresses import Address
from hookline.gateway.asgi import AsgiApp
from hookline.tuning import raise_file_limit

if TYPE_CHECKING:
    from fastapi import FastAPI

DRAIN_SECONDS = 10
_BACKLOG = 1024
MOST_CONNECTIONS = 16_384
OTHER_FILES = 256
_LOOK_AGAIN_SECONDS = 0.01
_HEADER_MILLISECONDS = 30_000


def connections_within(files: int) -> int:
    """How many connections a listener takes before others wait, given how many files may be open.

    Two listeners share them, and databases, logs and the queue need some too.
    """
    return min(MOST_CONNECTIONS, max(files - OTHER_FILES, OTHER_FILES) // 2)


class Listener:
    """One app on one address."""

    def __init__(self, app: "AsgiApp | FastAPI", address: Address) -> None:
        """Prepare the server; it listens once `start` is called."""
        self.address = address
        self._server = Server(
            app,
            address=address.host,
            port=address.port,
            interface=Interfaces.ASGINL,
            http=HTTPModes.http1,
            websockets=False,
            backlog=_BACKLOG,
            backpressure=connections_within(raise_file_limit()),
            http1_settings=HTTP1Settings(header_read_timeout=_HEADER_MILLISECONDS),
            log_enabled=False,
        )
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to serve on the running loop."""
        self._task = asyncio.ensure_future(self._server.serve())

    async def is_listening(self) -> None:
        """Wait until it accepts connections."""
        while True:
            with suppress(OSError):
                _, writer = await asyncio.open_connection(self.address.reachable, self.address.port)
                writer.close()
                return
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)

    async def stop(self) -> None:
        """Finish what is being served, within a limit, and stop; a server that does not end is left."""
        if self._task is None:
            return
        self._server.stop()
        _ = await asyncio.wait({self._task}, timeout=DRAIN_SECONDS)
        if not self._task.done():
            _ = self._task.cancel()
