"""Around every request: its id in log and answer, its trace and its count, one connection to the database, the headers
that every answer carries, and a page where even the application fails.

One WSGI middleware instead of one for each of these: a launch passes it twice.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from bridge import logs
from bridge.presentation.advice import Reader, words
from bridge.presentation.catalogue import catalogue
from bridge.presentation.languages import accepted, choose
from bridge.store.engine import shared_connection
from bridge.tracing import traces
from bridge.web.metrics import ENDED
from bridge.web.policy import content_policy
from bridge.web.requests import is_trusted
from bridge.web.services import AppServices

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

PROBES = {"/healthz", "/readyz", "/metrics"}
"""What machines ask all day: counted and traced, it would hide what people meet."""
HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
NO_SNIFFING = ("X-Content-Type-Options", "nosniff")
PAGE_POLICY = ("Content-Security-Policy", content_policy())
"""Not on redirects: browsers show nothing of them, and launches are redirected inside frames."""
RETRY_AFTER = ("Retry-After", "10")
"""Seconds after which whoever was told to come again may do so, where the answer says no other number."""
UNANSWERED = "500 nothing was said"
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_UNTRACED = nullcontext()
_LAST = """<!doctype html><html lang="{language.tag}" dir="{language.direction}"><meta charset="utf-8">
<title>{told.title}</title><h1>{told.title}</h1><p>{told.text}</p><p>{told.tell}</p>
<p><code class="reference">{reference}</code></p></html>"""
"""Where not even a template can be read."""


def around_requests(serve: WSGIApplication, services: AppServices, clock: Callable[[], float]) -> WSGIApplication:
    """`serve` with all of it; `clock` counts seconds."""
    guards = _Guards(is_secure=services.is_secure)
    trusted, engine = services.configuration.bridge.trusted_proxies, services.engine

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        is_probe, began = environ.get("PATH_INFO") in PROBES, clock()
        given = environ.get("HTTP_X_REQUEST_ID", "")
        known = given and _REQUEST_ID.fullmatch(given) and is_trusted(environ.get("REMOTE_ADDR", ""), trusted)
        named = given if known else os.urandom(8).hex()
        statuses: list[str] = []

        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Callable[[bytes], object]:
            statuses.append(status)
            return start_response(status, guards.complete(status, headers, named), *error)

        is_untraced = is_probe or traces.tracer is None
        with logs.answering(named), _UNTRACED if is_untraced else _traced(environ):
            ended = ENDED.set([])
            try:
                with shared_connection(engine):
                    return serve(environ, start)
            except Exception as error:
                if statuses:
                    raise
                return _last_page(error, services.launches.reference(), environ, start)
            finally:
                if not is_probe:
                    status = statuses[-1] if statuses else UNANSWERED
                    services.metrics.count_response(status, clock() - began)
                    if traces.tracer is not None:
                        traces.note({"http.response.status_code": int(status[:3])})
                ENDED.reset(ended)

    return application


class _Guards:
    """The headers that an answer carries, whoever made it, where it does not set them itself."""

    def __init__(self, *, is_secure: bool) -> None:
        transport = {"Strict-Transport-Security": "max-age=31536000"} if is_secure else {}
        self._on_redirects = list((HEADERS | transport).items())
        self._on_pages = [*self._on_redirects, NO_SNIFFING, PAGE_POLICY]
        self._names = {name for name, _ in self._on_pages}

    def complete(self, status: str, headers: list[tuple[str, str]], request_id: str) -> list[tuple[str, str]]:
        """`headers` with those that are missing."""
        own = {*map(itemgetter(0), headers)}
        guards = self._on_pages
        if status.startswith("3"):
            guards = [*self._on_redirects, NO_SNIFFING] if "Content-Type" in own else self._on_redirects
        if status[:3] in {"429", "503"}:
            guards = [*guards, RETRY_AFTER]
        if not self._names.isdisjoint(own) or "Retry-After" in own:
            guards = [guard for guard in guards if guard[0] not in own]
        return [*headers, *guards, ("X-Request-ID", request_id)]


def _traced(environ: WSGIEnvironment) -> Any:
    """The span of a request, or a step of the trace that whoever sent it has begun."""
    return traces.root(environ["REQUEST_METHOD"], environ.get("HTTP_TRACEPARENT", ""))


def _last_page(error: Exception, reference: str, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
    logs.event(log, "request failed", level=logging.ERROR, cause=error, reference=reference)
    start("503 Service Unavailable", [("Content-Type", "text/html; charset=utf-8")])
    language = choose(accepted(environ.get("HTTP_ACCEPT_LANGUAGE", "")))
    told = words("later", Reader.LEARNER, "", catalogue(language).gettext)
    return [_LAST.format(reference=reference, language=language, told=told).encode()]
