"""Metrics on a port of their own, so that whoever reaches the launches does not reach them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

METRICS = "/metrics"


def apart(serve: WSGIApplication, port: int) -> WSGIApplication:
    """The same application, whose metrics are at `port` alone, and which has nothing else there.

    The server must say in SERVER_PORT where it was reached, and not what a `Host` header says.
    """

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        asks_for_metrics = environ["PATH_INFO"] == METRICS
        if asks_for_metrics == (environ["SERVER_PORT"] == str(port)):
            return serve(environ, start_response)
        start_response("404 Not Found", [("Content-Type", "text/plain"), ("Content-Length", "0")])
        return [b""]

    return application
