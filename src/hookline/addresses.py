"""Where listeners listen, and whether they may."""

import socket
from dataclasses import dataclass
from ipaddress import ip_address

from pydantic import TypeAdapter

from hookline.domain.errors import ConfigurationError

_IPV6 = 6
_PORT: TypeAdapter[int] = TypeAdapter(int)


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
