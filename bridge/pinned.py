"""Connections that go only to the address that was checked: the transport of requests under `bridge.http`."""

from __future__ import annotations

import functools
import socket
import ssl
from collections.abc import Callable
from typing import Any

import certifi
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError
from urllib3.poolmanager import PoolManager
from urllib3.util.connection import create_connection
from urllib3.util.ssl_ import create_urllib3_context

AT_ONCE = 32
"""Connections to one host that are kept open."""
Permitted = Callable[[str, int, str], str]
"""The address to connect to, of a host, a port and a scheme; raises where there is none that may be called."""


def _connect(connection: HTTPConnection, address: str) -> socket.socket:
    try:
        # urllib3's options switch Nagle off: with it a POST in two packets waits 40 ms for a delayed ACK
        return create_connection((address, connection.port), connection.timeout, None, connection.socket_options)
    except TimeoutError as error:
        raise ConnectTimeoutError(connection, "no answer in time") from error
    except OSError as error:
        raise NewConnectionError(connection, "no connection") from error


class PinningTransport(HTTPAdapter):
    """What requests sends by, over the connections of `_pinned_pools`."""

    def __init__(self, permitted: Permitted) -> None:
        self._permitted = permitted
        super().__init__()

    def init_poolmanager(self, *_: Any, **__: Any) -> None:
        self.poolmanager = _pinned_pools(self._permitted)

    def cert_verify(self, *_: Any) -> None:
        """Nothing: every connection has `_authorities` already, and would read the list again."""


def _pinned_pools(permitted: Permitted) -> PoolManager:
    """Connections whose sockets go only to the address that `permitted` names."""

    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return _connect(self, permitted(self.host, self.port, "http"))

    class Secure(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return _connect(self, permitted(self.host, self.port, "https"))

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    manager = PoolManager(num_pools=AT_ONCE, maxsize=AT_ONCE, cert_reqs="CERT_REQUIRED", ssl_context=_authorities())
    manager.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}
    return manager


@functools.cache
def _authorities() -> ssl.SSLContext:
    """Who may vouch for a host. Once for all connections: reading the list takes longer than a call."""
    context = create_urllib3_context()
    context.load_verify_locations(certifi.where())
    return context
