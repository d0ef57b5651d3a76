"""SCIM 2.0 at `/scim/v2/CONNECTION`: from the web framework's request to the library's, and back."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

import msgspec
from flask import Blueprint, Response, request

from bridge.errors import LaunchRejected
from bridge.launch.rate_limits import FAILURES_OF_ADDRESS
from bridge.web.requests import bearer
from bridge.web.services import AppServices

if TYPE_CHECKING:
    from scim2_server.responses import ScimResponse

    from bridge.scim.server import Server

ROOT: Final = "/scim/v2/"
ROUTE: Final = f"{ROOT}<connection>/<path:path>"
SERVER: Final = "ottobridge.scim"
"""Where an application keeps what makes the SCIM server."""
FAILURE: Final = "ottobridge.scim.failure"
"""In the WSGI environment: why `bridge.web.scim_pushes` could not answer."""
PUBLIC: Final = "/ServiceProviderConfig"
"""Shown to everybody: it says how to authenticate (RFC 7643, section 5)."""
MEDIA_TYPE: Final = "application/scim+json"
READ: Final = ("Content-Type", "If-Match", "If-None-Match")
"""The headers that the service looks at."""
METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
_ERROR: Final = "urn:ietf:params:scim:api:messages:2.0:Error"


def scim_pages(services: AppServices) -> Blueprint:
    """The routes of SCIM."""
    pages = Blueprint("scim", __name__)

    @cache
    def server() -> Server:
        from bridge.scim.server import Server  # noqa: PLC0415 -- takes half a second, and most bridges need none

        return Server(services.engine, services.now)

    if any(one.adapter.takes_pushes for one in services.configuration.connections.values()):
        server()

    # an address that was entered with a slash at its end must not redirect, which no client follows with a POST
    options: dict[str, Any] = {"methods": METHODS, "merge_slashes": False, "provide_automatic_options": False}

    @pages.route(f"{ROOT}<connection>", defaults={"path": ""}, strict_slashes=False, **options)
    @pages.route(f"{ROOT}<connection>//<path:path>", **options)
    @pages.route(ROUTE, **options)
    def scim(connection: str, path: str) -> Response:
        if (failure := request.environ.pop(FAILURE, None)) is not None:
            raise failure
        return _answer(services, server(), connection, f"/{path}")

    pages.record_once(lambda state: state.app.extensions.update({SERVER: server}))
    return pages


def error_answer(status: int, detail: str) -> Response:
    """A SCIM error that no SCIM server made (RFC 7644, section 3.12)."""
    return _response(status, {"schemas": [_ERROR], "status": str(status), "detail": detail}, {})


def _answer(services: AppServices, server: Server, connection: str, path: str) -> Response:
    from bridge.scim.service import Asked  # noqa: PLC0415 -- as above

    refused = _refusal(services, server, connection, path)
    if refused is not None:
        return _shown(refused)
    asked = Asked(
        method=request.method,
        base_url=f"{services.public_url}{ROOT}{connection}",
        path=path,
        query=request.args.to_dict(),
        headers={name: text for name in READ if (text := request.headers.get(name)) is not None},
        body=b"" if request.method == "GET" else request.get_data(cache=True),
    )
    return _shown(server.answer(connection, asked))


def _refusal(services: AppServices, server: Server, connection: str, path: str) -> ScimResponse | None:
    """What is answered to whoever may not come in; None to whoever may."""
    from bridge.scim.server import TooManyRequests, unauthorized, unknown  # noqa: PLC0415 -- as above

    found = services.connections.find(connection)
    if found is None or not found.adapter.takes_pushes:
        return server.refuse(unknown())
    if path == PUBLIC or server.tokens.let_in(connection, bearer(request), services.now()):
        return None
    address = services.address_of(request)
    try:
        services.limits.check(FAILURES_OF_ADDRESS, "SCIM", address)
    except LaunchRejected:
        return server.refuse(TooManyRequests(detail="Too many wrong tokens came from this address"))
    services.limits.note(FAILURES_OF_ADDRESS, "SCIM", address)
    return server.refuse(unauthorized())


def _shown(answer: ScimResponse) -> Response:
    return _response(int(answer.status), answer.body, answer.headers)


def _response(status: int, body: dict[str, Any] | None, headers: dict[str, str]) -> Response:
    text = b"" if body is None else msgspec.json.encode(body)
    return Response(text, status, headers={**headers, "Content-Type": MEDIA_TYPE})
