"""Connections that go only to the address that was checked, and end in time: requests' transport under `bridge.http`.

The time-outs of sockets start again with every byte. So whatever is read of an answer, from its first line to the
framing of its last chunk, is read by `_InTime`, which waits no longer than what is left until the deadline.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from http.client import HTTPResponse
from io import BufferedReader, RawIOBase
from typing import Any, NamedTuple

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError
from urllib3.poolmanager import PoolManager
from urllib3.util.connection import create_connection

from bridge.errors import RemoteRefused, RemoteUnavailable
from bridge.net.proxy import Proxy

AT_ONCE = 32
"""Connections to one host that are kept open."""
MAX_HEAD = 64 * 1024
"""Bytes of an answer before its body; servers and browsers allow 8 to 256 KiB."""


class Place(NamedTuple):
    """Where to connect to."""

    target: str
    """An address that may be called; a name where the proxy resolves."""
    proxy: Proxy | None = None


Permitted = Callable[[str, int, str, float], Place]
"""Where to connect to for a host, a port and a scheme, found in so many seconds; raises where none may be called."""
_ends: ContextVar[float] = ContextVar("ends")


@contextmanager
def until(ends: float) -> Iterator[None]:
    """Calls that begin within the block end at `ends` of time.monotonic(), the reading of their answers too."""
    before = _ends.set(ends)  # urllib3 has no way to tell a connection
    try:
        yield
    finally:
        _ends.reset(before)


def _seconds(limit: float | None, ends: float) -> float:
    """`limit`, or what is left until `ends`. Never 0: to a socket that means not to wait at all."""
    left = max(ends - time.monotonic(), 0.001)
    return min(limit or left, left)


class _InTime(RawIOBase):
    """What comes out of `sock`, over its own file `raw`, until the deadline."""

    def __init__(self, sock: socket.socket, raw: RawIOBase) -> None:
        self._sock, self._raw, self._ends = sock, raw, _ends.get()
        self.left: int | None = None
        """Bytes that may still come; None: as many as there are."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if time.monotonic() > self._ends:
            raise TimeoutError("no time left")
        self._sock.settimeout(_seconds(self._sock.gettimeout(), self._ends))
        found = self._raw.readinto(buffer)
        if self.left is not None:
            self.left -= found or 0
            if self.left < 0:
                raise RemoteRefused(f"the head of the answer is larger than {MAX_HEAD} bytes")
        return found

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Answer(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self._in_time = _InTime(sock, self.fp.detach())
        self.fp = BufferedReader(self._in_time)

    def begin(self) -> None:
        self._in_time.left = MAX_HEAD
        super().begin()
        self._in_time.left = None


def _connect(connection: HTTPConnection, scheme: str, permitted: Permitted) -> socket.socket:
    target, proxy = permitted(connection.host, connection.port, scheme, _seconds(connection.timeout, _ends.get()))
    limit = _seconds(connection.timeout, _ends.get())
    place = (proxy.host, proxy.port) if proxy else (target, connection.port)
    try:
        # urllib3's options switch Nagle off: with it a POST in two packets waits 40 ms for a delayed ACK
        sock = create_connection(place, limit, None, connection.socket_options)
    except TimeoutError as error:
        raise ConnectTimeoutError(connection, "no answer in time") from error
    except OSError as error:
        if proxy:
            raise RemoteUnavailable(f"{connection.host}: no connection to the proxy {proxy.place}") from error
        raise NewConnectionError(connection, "no connection") from error
    if proxy:
        _tunnel(sock, proxy, connection, target)
    sock.settimeout(_seconds(limit, _ends.get()))  # for the TLS handshake
    return sock


def _tunnel(sock: socket.socket, proxy: Proxy, connection: HTTPConnection, target: str) -> None:
    ends = min(_ends.get(), time.monotonic() + _seconds(connection.timeout, _ends.get()))
    try:
        proxy.open_tunnel(sock, connection.host, target, connection.port, lambda: _seconds(None, ends))
    except BaseException:
        sock.close()
        raise


class PinningTransport(HTTPAdapter):
    """What requests sends by, over the connections of `_pinned_pools`."""

    def __init__(self, permitted: Permitted, authorities: ssl.SSLContext) -> None:
        self._permitted = permitted
        self._authorities = authorities
        super().__init__()

    def init_poolmanager(self, *_: Any, **__: Any) -> None:
        self.poolmanager = _pinned_pools(self._permitted, self._authorities)

    def cert_verify(self, *_: Any) -> None:
        """Nothing: every connection has its authorities already, and would read a list again."""

    def build_response(self, _: PreparedRequest, resp: Any) -> Response:
        """What urllib3 answers, as `raw`, and nothing else: the rest takes as long as sending, and nobody reads it."""
        response = Response()
        response.raw = resp
        return response


def _pinned_pools(permitted: Permitted, authorities: ssl.SSLContext) -> PoolManager:
    """Connections whose sockets go only where `permitted` says."""

    class Plain(HTTPConnection):
        response_class = _Answer

        def _new_conn(self) -> socket.socket:
            return _connect(self, "http", permitted)

    class Secure(HTTPSConnection):
        response_class = _Answer

        def _new_conn(self) -> socket.socket:
            return _connect(self, "https", permitted)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    manager = PoolManager(num_pools=AT_ONCE, maxsize=AT_ONCE, cert_reqs="CERT_REQUIRED", ssl_context=authorities)
    manager.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}
    return manager
