"""Whose address counts: the peer's, or what trusted proxies say."""

from ipaddress import ip_network

import pytest

from hookline.gateway.peers import PeerAddresses

PROXIES = PeerAddresses([ip_network("10.0.0.0/8"), ip_network("fd00::/8")])


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.7", "198.51.100.1", "203.0.113.7"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "192.0.2.66, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1, 10.9.9.9", "198.51.100.1"),
        ("fd00::1", "2001:db8::5", "2001:db8::5"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "spoofed", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1, ", "10.0.0.1"),
        ("10.0.0.1", "10.2.2.2, 10.3.3.3", "10.0.0.1"),
    ],
)
def test_only_trusted_proxies_are_believed(peer: str, forwarded: str, address: str) -> None:
    assert PROXIES.address((peer, 1234), {"x-forwarded-for": forwarded}) == address


def test_without_trusted_proxies_the_header_means_nothing() -> None:
    nobody = PeerAddresses([])
    assert nobody.address(("10.0.0.1", 1), {"x-forwarded-for": "198.51.100.1"}) == "10.0.0.1"
    assert nobody.address(None, {}) == ""
