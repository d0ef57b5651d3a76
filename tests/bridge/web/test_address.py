"""Who asks: behind our own web server it is whom that server saw, and nobody writes it themselves."""

from __future__ import annotations

import ipaddress

import pytest

from bridge.web.address import client_address

OURS = [ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("10.1.0.0/16")]


@pytest.mark.parametrize(
    ("peer", "forwarded", "found"),
    [
        ("203.0.113.9", [], "203.0.113.9"),
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),
        ("127.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("127.0.0.1", ["6.6.6.6, 198.51.100.1"], "198.51.100.1"),
        ("127.0.0.1", ["6.6.6.6", "198.51.100.1, 10.1.2.3"], "198.51.100.1"),
        ("127.0.0.1", ["nonsense"], "nonsense"),
        ("127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", ["10.1.0.1"], "10.1.0.1"),
        ("127.0.0.1", ["x" * 500], "x" * 64),
        ("", [], ""),
    ],
)
def test_only_our_own_servers_are_believed(peer: str, forwarded: list[str], found: str) -> None:
    assert client_address(peer, forwarded, OURS) == found
