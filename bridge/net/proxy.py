"""The way through an outgoing proxy: by CONNECT, to the very address that was checked here.

The TLS within is ours from end to end: the host proves its name to us, and the proxy sees an address and no more.
"""

from __future__ import annotations

import base64
import ipaddress
import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from bridge import __version__
from bridge.errors import RemoteUnavailable

MAX_HEAD = 16 * 1024
"""Bytes that a proxy may say before the tunnel is open."""
_STATUS = re.compile(rb"HTTP/1\.[01] ([0-9]{3})\b")
_ALLOWED = "allowed: http://HOST:PORT, or http://USER:PASSWORD@HOST:PORT with special characters as %40"


@dataclass(frozen=True, slots=True)
class Proxy:
    """One proxy, and what is called without it."""

    host: str
    port: int
    credentials: str = field(default="", repr=False)
    """What follows `Basic`, or empty."""
    spared: tuple[str, ...] = ()
    """Called without it: a host with all below it, an address, a network, each with `:port` where meant, or `*`."""
    by_name: bool = False
    """Whether it is told the host's name, for proxies that allow by name; then it is the proxy that resolves it."""

    @property
    def place(self) -> str:
        """Host and port."""
        return f"{_bracketed(self.host)}:{self.port}"

    def spares(self, host: str, port: int, address: str) -> bool:
        """Whether `host`, which has `address` (or empty), is called directly."""
        return any(_means(entry.strip().lower(), host.lower().rstrip("."), port, address) for entry in self.spared)

    def open_tunnel(self, sock: socket.socket, host: str, target: str, port: int, left: Callable[[], float]) -> None:
        """Ask for a tunnel to `target`, which `host` stands for; `left` says how many seconds there are.

        Raises RemoteUnavailable, which never repeats what the proxy said; OSError and TimeoutError like the socket.
        """
        sock.sendall(self._request(f"{_bracketed(target)}:{port}"))
        head = b""
        while not head.endswith(b"\r\n\r\n"):  # by single bytes: what follows belongs to the tunnel
            sock.settimeout(left())
            byte = sock.recv(1)
            if not byte or len(head) >= MAX_HEAD:
                raise RemoteUnavailable(f"{host}: the proxy {self.place} closed the connection, or speaks no HTTP")
            head += byte
        status = _STATUS.match(head)
        _refuse(int(status[1]) if status else 0, host, self.place)

    def _request(self, target: str) -> bytes:
        lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}", f"User-Agent: OttoBridge/{__version__}"]
        lines += [f"Proxy-Authorization: Basic {self.credentials}"] if self.credentials else []
        return "\r\n".join((*lines, "", "")).encode("ascii")


def read_proxy(url: str, spared: Sequence[str] = (), *, by_name: bool = False) -> Proxy:
    """The proxy at `url`. Raises ValueError, which does not repeat it: a password may stand in it."""
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        host, port = parts.hostname or "", parts.port or 80
        name = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}".encode()
    except ValueError:
        raise ValueError(_ALLOWED) from None
    rest = parts.path.strip("/") or parts.query or parts.fragment
    if parts.scheme != "http" or rest or not re.fullmatch(r"[A-Za-z0-9._:-]+", host):
        raise ValueError(_ALLOWED)
    credentials = base64.b64encode(name).decode() if parts.username else ""
    return Proxy(host, port, credentials, tuple(spared), by_name)


def _refuse(status: int, host: str, place: str) -> None:
    if 200 <= status < 300:
        return
    if status in {401, 407}:  # tinyproxy answers a wrong password with 401
        problem = "wants another user name or password: set them in bridge.proxy or HTTPS_PROXY"
    elif status in {403, 405}:
        problem = f"does not let us through ({status}): let it allow this host, or name the host in NO_PROXY"
    else:
        problem = f"found no way there ({status or 'no HTTP answer'})"
    raise RemoteUnavailable(f"{host}: the proxy {place} {problem}", lasting=400 <= status < 500)


def _means(entry: str, host: str, port: int, address: str) -> bool:
    if entry == "*":
        return True
    for text in (host, address.partition("%")[0]):
        try:
            if ipaddress.ip_address(text) in ipaddress.ip_network(entry, strict=False):
                return True
        except ValueError:
            continue
    name, colon, number = entry.rpartition(":")
    if colon and number.isdecimal() and ":" not in name:
        return int(number) == port and _means(name, host, port, address)
    name = entry.removeprefix("*").strip(".")
    return bool(name) and (host == name or host.endswith(f".{name}"))


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
