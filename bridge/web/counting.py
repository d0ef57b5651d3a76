"""Counts every response on its way out, and how long the launches waited that ended in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from bridge.web.metrics import ENDED, Metrics

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PROBES = {"/healthz", "/readyz", "/metrics"}
"""What machines ask all day: counted, it would hide what people meet."""


def counted(serve: WSGIApplication, metrics: Metrics, clock: Callable[[], float]) -> WSGIApplication:
    """The same application; `metrics` hears of each response. `clock` counts seconds."""

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO") in PROBES:
            return serve(environ, start_response)
        began, said = clock(), ["500 nothing was said"]

        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Callable[[bytes], object]:
            said[0] = status
            return start_response(status, headers, *error)

        try:
            return serve(environ, start)
        finally:
            metrics.count_response(said[0], environ.get(ENDED, []), clock() - began)

    return application
