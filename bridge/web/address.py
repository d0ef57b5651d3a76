"""The address of whoever asks, for counting: behind our own web server it is what that server saw."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from flask import Request

from bridge.net.http import Network


def address_of(trusted: Sequence[Network], request: Request) -> str:
    """The address of whoever asks, for counting."""
    forwarded = request.headers.getlist("X-Forwarded-For")
    return counted_as(client_address(request.remote_addr or "", forwarded, trusted))


def client_address(peer: str, forwarded: Sequence[str], trusted: Sequence[Network]) -> str:
    """The last address in `X-Forwarded-For` that is none of our own proxies, or the peer's.

    Each proxy appends whom it saw, so what stands left of the first foreign address was written by that stranger.
    """
    hops = [hop.strip() for line in forwarded for hop in line.split(",")]
    found = peer
    while hops and is_trusted(found, trusted):
        found = hops.pop()
    return found[:64]


def counted_as(address: str) -> str:
    """What tries from `address` are counted under: of IPv6 the first 64 bits, since who has one has them all."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    return str(ip.ipv4_mapped or ipaddress.ip_network((ip, 64), strict=False))


def is_trusted(address: str, trusted: Sequence[Network]) -> bool:
    """Whether this is one of our own web servers."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(ip in network for network in trusted)
