"""Listening sockets, served by Granian inside this process's event loop."""

import asyncio
import socket
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address

from fastapi import FastAPI
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server
from pydantic import TypeAdapter

from hookline.domain.errors import ConfigurationError
from hookline.gateway.asgi import AsgiApp
from hookline.tuning import raise_file_limit

DRAIN_SECONDS = 10
_BACKLOG = 1024
MOST_CONNECTIONS = 16_384
OTHER_FILES = 256
_LOOK_AGAIN_SECONDS = 0.01
_IPV6 = 6
_PORT: TypeAdapter[int] = TypeAdapter(int)
_HEADER_MILLISECONDS = 30_000


@dataclass(frozen=True, slots=True)
class Address:
    """Where a listener listens."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """The base URL for a client on this machine."""
        host = f"[{self.reachable}]" if ":" in self.reachable else self.reachable
        return f"http://{host}:{self.port}"

    @property
    def reachable(self) -> str:
        """An address that reaches it from this machine: the loopback one where it listens on all."""
        address = ip_address(self.host) if self.host[:1].isdigit() or ":" in self.host else None
        if address is None or not address.is_unspecified:
            return self.host
        return "::1" if address.version == _IPV6 else "127.0.0.1"


def claim_address(host: str, port: int, option: str) -> Address:
    """Make sure that nobody else listens there, since a second listener would share it silently.

    Args:
        host: the address to bind.
        port: the port, or 0 for any free one.
        option: names the setting in errors.

    Raises:
        ConfigurationError: taken, not permitted, or not an address of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ConfigurationError(
                f"cannot listen on {host}:{port}: {error.strerror}; choose another with {option}"
            ) from None
        return Address(host, _PORT.validate_python(probe.getsockname()[1]))


def connections_within(files: int) -> int:
    """How many connections a listener takes before others wait, given how many files may be open.

    Two listeners share them, and databases, logs and the queue need some too.
    """
    return min(MOST_CONNECTIONS, max(files - OTHER_FILES, OTHER_FILES) // 2)


class Listener:
    """One app on one address."""

    def __init__(self, app: AsgiApp | FastAPI, address: Address) -> None:
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
