"""The web application: routes, the limits every request keeps to, and the headers every answer carries."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from flask import Flask, request

from bridge import logs
from bridge.config.configuration import Configuration
from bridge.store.database import Engine
from bridge.store.engine import shared_connection
from bridge.web.address import is_trusted
from bridge.web.callbacks import callback_pages
from bridge.web.counting import counted
from bridge.web.deep_linking import deep_linking_pages
from bridge.web.failures import answer_failures, never_bare
from bridge.web.frames import frame_pages
from bridge.web.keys import key_pages
from bridge.web.lti import lti_pages
from bridge.web.metrics_port import apart
from bridge.web.oidc import oidc_pages
from bridge.web.packages import package_pages
from bridge.web.policy import content_policy
from bridge.web.probes import probe_pages
from bridge.web.progress import progress_pages
from bridge.web.registration import registration_pages
from bridge.web.scim import scim_pages
from bridge.web.security_txt import security_pages
from bridge.web.services import AppServices
from bridge.web.session_end import end_sessions_of_refused
from bridge.web.setup import setup_pages
from bridge.web.status import status_pages
from bridge.web.step_up import step_up_pages
from bridge.web.tracing import name_requests, traced
from bridge.web.troubles import trouble_pages

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

SERVICES = "ottobridge"
"""Where an application keeps its house, for whoever serves it."""
MAX_BODY = 1024 * 1024
"""Bytes of a request's body."""

HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
RETRY_AFTER = "10"
"""Seconds after which whoever was told to come again may do so, where the answer says no other number."""
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


def create_app(services: AppServices, *, metrics_port: int | None = None) -> Flask:
    """The bridge as a WSGI application; with `metrics_port`, its metrics are to be had at that port alone."""
    app = Flask(__name__)
    app.extensions[SERVICES] = services
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
        trouble_pages,
        step_up_pages,
        oidc_pages,
        scim_pages,
        security_pages,
        status_pages,
    ):
        app.register_blueprint(pages(services))

    name_requests(app)
    end_sessions_of_refused(app, services)

    @app.before_request
    def take_whole_body() -> None:
        if request.method != "GET":
            request.get_data(cache=True)  # the limit on its size is met here, before anything is done

    answer_failures(app, services)
    for template in ("outcome.html", "page.html"):
        app.jinja_env.get_template(template)  # in memory before anything fails
    serve = app.wsgi_app if metrics_port is None else apart(app.wsgi_app, metrics_port)
    serve = never_bare(_on_one_connection(serve, services.engine))
    serve = counted(_guarded(serve, is_secure=services.is_secure), services.metrics, time.monotonic)
    app.wsgi_app = _named(traced(serve), services.configuration)  # type: ignore[assignment]  # as Flask documents
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
            if status[:3] in {"429", "503"}:
                guards = guards | {"Retry-After": RETRY_AFTER}
            return start_response(status, headers + [guard for guard in guards.items() if guard[0] not in own], *error)

        return serve(environ, start)

    return application


def _on_one_connection(serve: WSGIApplication, engine: Engine) -> WSGIApplication:
    """The same application; what a request asks of the database goes over one connection."""

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        with shared_connection(engine):
            return serve(environ, start_response)

    return application


def _named(serve: WSGIApplication, configuration: Configuration) -> WSGIApplication:
    """The same application; each request has an id, in log and answer: our own web server's, or a new one."""
    trusted = configuration.bridge.trusted_proxies

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        given = environ.get("HTTP_X_REQUEST_ID", "")
        known = _REQUEST_ID.fullmatch(given) and is_trusted(environ.get("REMOTE_ADDR", ""), trusted)
        named = given if known else secrets.token_hex(8)

        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Callable[[bytes], object]:
            return start_response(status, [*headers, ("X-Request-ID", named)], *error)

        with logs.answering(logs.Request(named)):
            return serve(environ, start)

    return application
