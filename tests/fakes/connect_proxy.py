"""A forward proxy as companies have it: CONNECT and nothing else, with a password where one is asked for."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Self


class ConnectProxy:
    """Tunnels for as long as a `with` block lasts, and notes what it was asked."""

    def __init__(
        self, *, credentials: str = "", answers: bytes = b"", reaches: Mapping[str, tuple[str, int]] | None = None
    ) -> None:
        self.credentials = credentials
        """What must follow `Proxy-Authorization: Basic`, where any is asked for."""
        self.answers = answers
        """Said in place of a tunnel."""
        self.reaches = reaches or {}
        """Where a name or address leads, where that is not what it says."""
        self.asked: list[str] = []
        """The targets, `host:port`."""
        self.heads: list[bytes] = []

    def __enter__(self) -> Self:
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Client)
        self._server.daemon_threads = True
        self._server.proxy = self  # type: ignore[attr-defined]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def place(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self._server.server_address[1]}"


class _Client(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        proxy: ConnectProxy = self.server.proxy  # type: ignore[attr-defined]
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = self.rfile.readline(65536)
            if not line:
                return
            head += line
        proxy.heads.append(head)
        target = head.split()[1].decode()
        proxy.asked.append(target)
        with suppress(OSError):
            self.connection.sendall(self._answer(proxy, head, target))

    def _answer(self, proxy: ConnectProxy, head: bytes, target: str) -> bytes:
        if proxy.answers:
            return proxy.answers
        if proxy.credentials and f"Proxy-Authorization: Basic {proxy.credentials}\r\n".encode() not in head:
            return b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
        host, _, port = target.rpartition(":")
        try:
            remote = socket.create_connection(proxy.reaches.get(host, (host.strip("[]"), int(port))), 5)
        except OSError:
            return b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"
        with remote:
            self.connection.sendall(b"HTTP/1.1 200 Connection established\r\nVia: 1.1 proxy\r\n\r\n")
            back = threading.Thread(target=_pass_on, args=(remote, self.connection), daemon=True)
            back.start()
            _pass_on(self.connection, remote)
            back.join(60)
        return b""


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while some := source.recv(65536):
            sink.sendall(some)
        sink.shutdown(socket.SHUT_WR)
