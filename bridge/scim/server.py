"""One SCIM request from its words to its answer. It only keeps what was pushed: nothing here waits for OttoLearn."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from scim2_models import NotFoundException, PreconditionFailedException, SCIMException, UnauthorizedException
from scim2_server.requests import ScimRequest
from scim2_server.responses import ScimResponse

from bridge.scim.entra import normalize_entra
from bridge.scim.handler import Handler
from bridge.scim.provider import provider
from bridge.scim.service import Service
from bridge.scim.storage import Storage
from bridge.scim.tokens import Tokens
from bridge.store.database import Engine

ATTEMPTS: Final = 20
"""How often a change is made that met another one of the same resource, in another process for the most part: those of
this one wait for each other after the first attempt."""


class TooManyRequests(SCIMException):
    """Too many wrong tokens from one address."""

    status = 429


class Server:
    """The SCIM servers of all connections."""

    def __init__(self, engine: Engine, now: Callable[[], float]) -> None:
        self._engine = engine
        self.tokens = Tokens(engine)
        self._one_by_one = threading.Lock()
        self._now = now
        self._provider = provider()
        self._service = Service(self._provider)
        self._handlers: dict[str, Handler] = {}

    def answer(self, connection: str, request: ScimRequest) -> ScimResponse:
        """What to answer to a request of whoever may push to the connection."""
        handler = self._handlers.get(connection)
        if handler is None:
            storage = Storage(self._engine, connection, self._provider, self._now)
            handler = self._handlers[connection] = Handler(self._service, storage)
        request.body = normalize_entra(request.body)
        request.path = request.path.removesuffix(".scim")
        try:
            return self._persistently(handler, request)
        except SCIMException as error:
            return self._service.error_response(error)

    def refuse(self, error: SCIMException) -> ScimResponse:
        """What to answer to a request that is not let in."""
        return self._service.error_response(error)

    def _persistently(self, handler: Handler, request: ScimRequest) -> ScimResponse:
        """The answer; where another push changed the resource in the same moment, this one is made upon that one."""
        if request.header("If-Match"):
            return handler.handle(request)
        with suppress(PreconditionFailedException):
            return handler.handle(request)
        with self._one_by_one:
            for _ in range(ATTEMPTS - 2):
                with suppress(PreconditionFailedException):
                    return handler.handle(request)
            return handler.handle(request)


def unauthorized() -> SCIMException:
    """No token, or a wrong one."""
    return UnauthorizedException(detail="Authorization: Bearer, with a token of `ottobridge scim token CONNECTION`")


def unknown() -> SCIMException:
    """No connection of this name takes pushes."""
    return NotFoundException(detail="No SCIM connection has this name")
