"""The web application: its routes, and the limits every request keeps to."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

from flask import Flask, Request, request
from flask.sessions import NullSession, SessionInterface
from werkzeug.routing import MapAdapter

from bridge.tracing import traces
from bridge.web.admin.blueprint import admin_pages
from bridge.web.body import take_whole_body
from bridge.web.callbacks import callback_pages
from bridge.web.deep_linking import deep_linking_pages
from bridge.web.failures import answer_failures
from bridge.web.frames import frame_pages
from bridge.web.home import home_pages
from bridge.web.keys import key_pages
from bridge.web.lti import lti_pages
from bridge.web.metrics_port import apart
from bridge.web.middleware import around_requests
from bridge.web.oidc import oidc_pages
from bridge.web.packages import package_pages
from bridge.web.presenting import present
from bridge.web.probes import probe_pages
from bridge.web.progress import progress_pages
from bridge.web.registration import registration_pages
from bridge.web.requests import AppRequest, current_request
from bridge.web.scim import SERVER, scim_pages
from bridge.web.scim_pushes import pushes_first
from bridge.web.security_txt import security_pages
from bridge.web.services import AppServices
from bridge.web.session_end import end_sessions_of_refused
from bridge.web.setup import setup_pages
from bridge.web.status import status_pages
from bridge.web.step_up import step_up_pages
from bridge.web.troubles import trouble_pages

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

SERVICES = "ottobridge"
"""Where an application keeps its house, for whoever serves it."""


def create_app(services: AppServices, *, metrics_port: int | None = None) -> Flask:
    """The bridge as a WSGI application; with `metrics_port`, its metrics are to be had at that port alone."""
    app = _Application(__name__, urlsplit(services.public_url))
    app.extensions[SERVICES] = services
    for pages in (
        home_pages,
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

    if services.configuration.admin.enabled:
        app.register_blueprint(admin_pages(services))

    end_sessions_of_refused(app, services)

    @app.before_request
    def begin() -> None:
        if traces.tracer is not None and request.url_rule is not None:  # by its route: a path may hold a one-time code
            traces.rename(f"{request.method} {request.url_rule.rule}")
            traces.note({"http.request.method": request.method, "http.route": request.url_rule.rule})
        take_whole_body(current_request())

    answer_failures(app, services)
    present(app, services)
    for template in ("outcome.html", "page.html"):
        app.jinja_env.get_template(template)  # in memory before anything fails
    serve: WSGIApplication = pushes_first(app.wsgi_app, services, app.extensions[SERVER])
    serve = serve if metrics_port is None else apart(serve, metrics_port)
    app.wsgi_app = around_requests(serve, services, time.monotonic)  # type: ignore[assignment]  # as Flask documents
    return app


class _NoSessions(SessionInterface):
    """Flask's signed session is not used: nothing is looked for, and nothing could be kept."""

    _none = NullSession()

    def open_session(self, app: Flask, request: Request) -> NullSession:
        del app, request
        return self._none


class _Application(Flask):
    """Flask, where no view is a coroutine: it need not look at each before every call of it."""

    request_class = AppRequest
    session_interface = _NoSessions()

    def __init__(self, name: str, address: SplitResult) -> None:
        """`address` is the public one."""
        self.address = address
        super().__init__(name)

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Routes and addresses are the same by whatever name the bridge was called: the Host header is not read."""
        if request is None:
            return None
        path = request.environ.get("PATH_INFO", "").encode("latin-1").decode(errors="replace")
        scheme, host = self.address[:2]
        return MapAdapter(
            self.url_map,
            host,
            request.root_path,
            "",
            scheme,
            path,
            request.method,
            request.query_string.decode("latin-1"),
        )

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return func
