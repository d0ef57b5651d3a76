"""The short way of a push: whoever has the token and asks for one user or group is answered before the web framework.

It knows nothing that the framework does not: whatever is odd, refused or fails is handed on to the view of
`bridge.web.scim`, with its body as it came. What Flask takes for a request is half of what a push takes without it.
"""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import msgspec

from bridge import logs
from bridge.tracing import traces
from bridge.web.body import MAX_BODY
from bridge.web.requests import bearer_in
from bridge.web.scim import FAILURE, MEDIA_TYPE, ROOT, ROUTE
from bridge.web.services import AppServices

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from scim2_server.responses import ScimResponse

    from bridge.scim.server import Server

log = logging.getLogger(__name__)

_PATH: Final = re.compile(rf"{ROOT}([A-Za-z0-9._-]+)(/(?:Users|Groups)(?:/[0-9a-f]{{32}})?)")
_QUERIES: Final = {"", "aadOptscim062020"}
_METHODS: Final = {"POST", "PUT", "PATCH", "DELETE", "GET"}
_HEADERS: Final = (
    ("CONTENT_TYPE", "Content-Type"), ("HTTP_IF_MATCH", "If-Match"), ("HTTP_IF_NONE_MATCH", "If-None-Match"),
)  # fmt: skip
_STATUSES: Final = {int(status): f"{int(status)} {status.phrase}" for status in HTTPStatus}


def pushes_first(serve: WSGIApplication, services: AppServices, server: Callable[[], Server]) -> WSGIApplication:
    """`serve`, which is asked for all that is no plain push."""

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if not environ.get("PATH_INFO", "").startswith(ROOT):
            return serve(environ, start_response)
        answer = _answer(environ, services, server)
        if answer is None:
            return serve(environ, start_response)
        return _shown(answer, environ["REQUEST_METHOD"], start_response)

    return application


def _answer(environ: WSGIEnvironment, services: AppServices, server: Callable[[], Server]) -> ScimResponse | None:
    found = _PATH.fullmatch(environ["PATH_INFO"])
    if found is None or not _is_plain(environ) or traces.tracer is not None:
        return None
    try:
        connection = services.connections.find(found[1])
        if connection is None or not connection.adapter.takes_pushes:
            return None
        token = bearer_in(environ.get("HTTP_AUTHORIZATION", ""))
        if not server().tokens.let_in(found[1], token, services.now()):
            return None
        body = _body(environ)
        if body is None:
            return None
        return server().answer(found[1], _asked(environ, services.public_url, found, body))
    except Exception as error:  # noqa: BLE001 -- the view raises it, where it is answered and recorded
        environ[FAILURE] = error
        return None


def _is_plain(environ: WSGIEnvironment) -> bool:
    length = environ.get("CONTENT_LENGTH") or "0"
    return (
        environ["REQUEST_METHOD"] in _METHODS
        and environ.get("QUERY_STRING", "") in _QUERIES
        and "HTTP_TRANSFER_ENCODING" not in environ
        and length.isascii()
        and length.isdigit()
        and int(length) <= MAX_BODY
    )


def _body(environ: WSGIEnvironment) -> bytes | None:
    """The body, which can be read once more; None where it is cut off, or cannot be read."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    try:
        body: bytes = environ["wsgi.input"].read(length) if length else b""
    except Exception:  # noqa: BLE001 -- as in `bridge.web.body`, which finds it again
        return None
    environ["wsgi.input"] = io.BytesIO(body)
    return body if len(body) == length else None


def _asked(environ: WSGIEnvironment, public_url: str, found: re.Match[str], body: bytes) -> Any:
    from bridge.scim.service import Asked  # noqa: PLC0415 -- takes half a second, and most bridges need none

    return Asked(
        method=environ["REQUEST_METHOD"],
        base_url=f"{public_url}{ROOT}{found[1]}",
        path=found[2],
        headers={name: environ[key] for key, name in _HEADERS if key in environ},
        body=b"" if environ["REQUEST_METHOD"] == "GET" else body,
    )


def _shown(answer: ScimResponse, method: str, start_response: StartResponse) -> Iterable[bytes]:
    status, text = int(answer.status), b"" if answer.body is None else msgspec.json.encode(answer.body)
    headers = {**answer.headers, "Content-Type": MEDIA_TYPE}
    if status not in {204, 304}:
        headers["Content-Length"] = str(len(text))
    if status >= 400:
        logs.event(log, "request refused", status=status, method=method, route=ROUTE)
    start_response(_STATUSES[status], list(headers.items()))
    return [text]
