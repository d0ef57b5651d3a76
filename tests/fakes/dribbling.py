"""A server that never falls silent and never comes to an end: each wait is short, and together they last for ever."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PAUSE = 0.02
LASTS = 60.0
"""Seconds until even this server gives up."""


@contextmanager
def dribbling(said: bytes, again: bytes, certificate: Path | None = None, *, pause: float = PAUSE) -> Iterator[int]:
    """Answer every request with `said` and then, after each `pause`, `again`; the port is given. TLS by certificate."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_serve, args=(server, said, again, certificate, pause, over), daemon=True)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            over.set()
            with suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)  # ends accept()
            thread.join()


def _serve(
    server: socket.socket, said: bytes, again: bytes, certificate: Path | None, pause: float, over: threading.Event
) -> None:
    while not over.is_set():
        with suppress(OSError), _accepted(server, certificate) as connection:
            connection.recv(65536)
            connection.sendall(said)
            ends = time.monotonic() + LASTS
            while time.monotonic() < ends and not over.wait(pause):
                connection.sendall(again)


def _accepted(server: socket.socket, certificate: Path | None) -> socket.socket:
    connection, _ = server.accept()
    if certificate is None:
        return connection
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context.wrap_socket(connection, server_side=True)
