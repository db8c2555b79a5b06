"""Who sent a request: the peer, or what a trusted proxy says of it."""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address

from hookline.domain.delivery import Headers


class PeerAddresses:
    """Tells addresses; `X-Forwarded-For` counts only as far as trusted proxies wrote it."""

    def __init__(self, trusted: Sequence[IPv4Network | IPv6Network]) -> None:
        """Keep the networks of the trusted proxies."""
        self._trusted = tuple(trusted)

    def address(self, client: tuple[str, int] | None, headers: Headers) -> str:
        """The address of the sender, or an empty text for a unix socket."""
        peer = client[0] if client else ""
        if not self._trusted or not self._is_trusted(peer):
            return peer
        for hop in reversed(headers.get("x-forwarded-for", "").split(",")):
            candidate = hop.strip()
            if not candidate:
                break
            if not self._is_trusted(candidate):
                return candidate if _is_address(candidate) else peer
        return peer

    def _is_trusted(self, text: str) -> bool:
        try:
            address = ip_address(text)
        except ValueError:
            return False
        return any(address in network for network in self._trusted)


def _is_address(text: str) -> bool:
    try:
        _ = ip_address(text)
    except ValueError:
        return False
    return True
