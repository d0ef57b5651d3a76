"""Who asks: behind our own web server it is whom that server saw, and nobody writes it themselves."""

from __future__ import annotations

import ipaddress

import pytest

from bridge.web.requests import client_address, counted_as

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


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("198.51.100.1", "198.51.100.1"),
        ("::ffff:198.51.100.1", "198.51.100.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2::", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("nonsense", "nonsense"),
        ("", ""),
    ],
)
def test_nobody_counts_as_many_by_changing_the_half_of_an_address_that_is_theirs(address: str, counted: str) -> None:
    assert counted_as(address) == counted
