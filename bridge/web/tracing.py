"""Each request is a trace, or a step of the one that whoever sent it has begun."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from flask import Flask, request

from bridge.tracing import traces
from bridge.web.counting import PROBES

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


def traced(serve: WSGIApplication) -> WSGIApplication:
    """The same application, with a span around each request but those of machines that watch."""

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO") in PROBES:
            return serve(environ, start_response)

        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Callable[[bytes], object]:
            traces.note({"http.response.status_code": int(status[:3])})
            return start_response(status, headers, *error)

        with traces.root(environ["REQUEST_METHOD"], environ.get("HTTP_TRACEPARENT", "")):
            return serve(environ, start)

    return application


def name_requests(app: Flask) -> None:
    """Call the span of a request by its route: a path may hold a one-time code."""

    @app.before_request
    def name() -> None:
        if request.url_rule is not None:
            traces.rename(f"{request.method} {request.url_rule.rule}")
            traces.note({"http.request.method": request.method, "http.route": request.url_rule.rule})
