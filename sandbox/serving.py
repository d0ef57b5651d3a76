"""Serve a WSGI application on a real socket for as long as a `with` block lasts."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from werkzeug.serving import WSGIRequestHandler, make_server

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Served:
    """A running server."""

    url: str
    """Scheme, host and port, without a slash at the end."""
    port: int


@contextmanager
def serve(app: WSGIApplication, host: str = "127.0.0.1", port: int = 0) -> Iterator[Served]:
    """Serve `app` from a thread of its own, each request in its own thread, until the block ends.

    Port 0 takes a free one. Raises OSError where the address is taken or not ours.
    """
    with _listening(host, port) as listener:
        server = make_server(host, port, app, threaded=True, request_handler=_Quiet, fd=listener.fileno())
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), name=f"serve-{server.port}", daemon=True)
    thread.start()
    try:
        yield Served(f"http://{f'[{host}]' if ':' in host else host}:{server.port}", server.port)
    finally:
        server.shutdown()
        thread.join()


def _listening(host: str, port: int) -> socket.socket:
    # Bound here and not by werkzeug, which prints and exits the process where a port is taken.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=128)


class _Quiet(WSGIRequestHandler):
    """Logs method, path and status at DEBUG; never a query, which may hold a sign-in token."""

    protocol_version = "HTTP/1.1"  # chunked answers, so that a cut answer can be told from a finished one

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        del size
        path = getattr(self, "path", "-").partition("?")[0]
        LOGGER.debug("%s %r %s", getattr(self, "command", "-"), path, code)
