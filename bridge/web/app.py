"""The web application: routes, the limits every request keeps to, and the headers every answer carries."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, request
from sqlalchemy import Engine
from werkzeug.exceptions import HTTPException

from bridge.launch import Landing
from bridge.store.engine import together
from bridge.web.apart import apart
from bridge.web.callbacks import callback_pages
from bridge.web.counting import counted
from bridge.web.deep_linking import deep_linking_pages
from bridge.web.frames import frame_pages
from bridge.web.house import House
from bridge.web.keys import key_pages
from bridge.web.lti import lti_pages
from bridge.web.oidc import oidc_pages
from bridge.web.packages import package_pages
from bridge.web.pages import answer
from bridge.web.policy import content_policy
from bridge.web.probes import probe_pages
from bridge.web.progress import progress_pages
from bridge.web.registration import registration_pages
from bridge.web.setup import setup_pages
from bridge.web.status import status_pages
from bridge.web.step_up import step_up_pages

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

HOUSE = "ottobridge"
"""Where an application keeps its house, for whoever serves it."""
MAX_BODY = 1024 * 1024
"""Bytes of a request's body."""

HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

LAUNCHES = {"lti", "scorm", "aicc", "cmi5"}
"""What the paths of launches begin with; the connection's name follows."""
_REASONS = {404: "not_found", 405: "method_not_allowed", 413: "too_large", 500: "internal"}


def create_app(house: House, *, metrics_port: int | None = None) -> Flask:
    """The bridge as a WSGI application; with `metrics_port`, its metrics are to be had at that port alone."""
    app = Flask(__name__)
    app.extensions[HOUSE] = house
    app.config.update(MAX_CONTENT_LENGTH=MAX_BODY, MAX_FORM_MEMORY_SIZE=MAX_BODY, MAX_FORM_PARTS=100)
    for pages in (
        lti_pages,
        frame_pages,
        key_pages,
        deep_linking_pages,
        registration_pages,
        setup_pages,
        package_pages,
        callback_pages,
        progress_pages,
        probe_pages,
        step_up_pages,
        oidc_pages,
        status_pages,
    ):
        app.register_blueprint(pages(house))

    @app.before_request
    def take_whole_body() -> None:
        if request.method != "GET":
            request.get_data(cache=True)  # the limit on its size is met here, before anything is done

    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> Response:
        return answer(_refusal(house, error))

    serve = app.wsgi_app if metrics_port is None else apart(app.wsgi_app, metrics_port)
    serve = _guarded(serve, is_secure=house.is_secure)
    serve = _on_one_connection(serve, house.engine)
    app.wsgi_app = counted(serve, house.metrics, time.monotonic)  # type: ignore[assignment]  # as Flask documents
    return app


def _guarded(serve: WSGIApplication, *, is_secure: bool) -> WSGIApplication:
    """The same application; every answer, whoever made it, carries the guards that it does not set itself."""
    transport = {"Strict-Transport-Security": "max-age=31536000"} if is_secure else {}
    on_pages = HEADERS | transport | {"Content-Security-Policy": content_policy()}
    # a redirect shows nothing, and launches are redirected inside frames
    on_redirects = on_pages | {"Content-Security-Policy": content_policy(framed=True)}

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Callable[[bytes], object]:
            own = {name for name, _ in headers}
            guards = on_redirects if "Location" in own else on_pages
            return start_response(status, headers + [guard for guard in guards.items() if guard[0] not in own], *error)

        return serve(environ, start)

    return application


def _on_one_connection(serve: WSGIApplication, engine: Engine) -> WSGIApplication:
    """The same application; what a request asks of the database goes over one connection."""

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        with together(engine):
            return serve(environ, start_response)

    return application


def _refusal(house: House, error: HTTPException) -> Landing:
    """A request that no view took: on record where it was meant for a connection of ours, else only told and logged."""
    reason, connection = _REASONS.get(error.code or 500, "malformed"), _connection_in(request.path)
    if connection in house.connections:
        return house.arrivals.refuse(connection, "", reason, f"{request.method} {request.path[:200]}")
    house.metrics.count_refusal(reason)
    # where there is no page there is nothing to keep secret; elsewhere a path may hold a one-time code
    return house.arrivals.turn_away(reason, f"{request.method} {request.path[:200]!r}" if error.code == 404 else "")


def _connection_in(path: str) -> str:
    """The connection that a launch URL names, even one that is mistyped behind the name; else empty."""
    parts = path.split("/", 3)
    return parts[2] if len(parts) == 4 and parts[1] in LAUNCHES else ""
