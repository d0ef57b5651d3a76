"""A session with OttoLearn's API: logged in when first needed, renewed when the token dies, patient where that is safe.

Everything here is SEEN in OttoLearn's public pages (docs/ottolearn-api.md); what is assumed stands in `api.py`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http import HTTPStatus
from typing import Any, TypeVar

from bridge.errors import RemoteRefused, RemoteUnavailable
from bridge.net.answers import body_excerpt, is_page
from bridge.net.http import TIMEOUT, HttpResponse, Outbound, Response, Timeout
from bridge.ottolearn.settings import OttoLearn

T = TypeVar("T")

FIRST_WAIT = 0.5
"""Seconds before the second attempt; doubled before each further one."""
LONGEST_WAIT = 30.0
"""Seconds. Told to wait longer, we give up at once: to ask again too early helps nobody."""
TOO_MANY_REQUESTS = 429


class _TokenRefused(Exception):
    """OttoLearn answered 403: the session token is not, or no longer, valid."""


class Session:
    """Authorised calls to one OttoLearn organisation; safe to share between threads.

    The session token lives in memory only. A 403 means that it died (SEEN): we log in again, once for all threads that
    met the same dead token, and repeat the call once. A refused call was not carried out, so that is safe for writes.
    """

    def __init__(
        self, settings: OttoLearn, outbound: Outbound, *, sleep: Callable[[float], None], attempts: int
    ) -> None:
        self._settings = settings
        self._outbound = outbound
        self._sleep = sleep
        self._attempts = attempts
        self._lock = threading.Lock()
        self._token = ""

    def read(self, path: str) -> HttpResponse:
        """GET a whole answer of any status but 403. Raises RemoteUnavailable, RemoteRefused."""
        return self._authorised(lambda token: self._patiently(lambda: self._ask("GET", path, token), _any))

    def write(self, method: str, path: str, body: Any) -> HttpResponse:
        """POST or PUT. Repeated only where OttoLearn said that it did nothing; otherwise the outcome may be unknown."""
        return self._authorised(
            lambda token: self._patiently(lambda: self._ask(method, path, token, body), _not_carried_out)
        )

    @contextmanager
    def stream(self, path: str, timeout: Timeout = TIMEOUT) -> Iterator[Response]:
        """GET an answer too large for memory. Only the opening is repeated: what was read stays read."""
        opened, response = self._authorised(
            lambda token: self._patiently(lambda: self._open(path, token, timeout), _any)
        )
        with opened:
            yield response

    def _ask(self, method: str, path: str, token: str, body: Any = None) -> HttpResponse:
        answer = self._outbound.request(method, self._url(path), headers=self._authorization(token), json=body)
        if answer.status == HTTPStatus.FORBIDDEN:
            raise _TokenRefused
        return answer

    def _open(self, path: str, token: str, timeout: Timeout) -> tuple[ExitStack, Response]:
        with ExitStack() as opened:
            response = opened.enter_context(
                self._outbound.stream("GET", self._url(path), headers=self._authorization(token), timeout=timeout)
            )
            if response.status == HTTPStatus.FORBIDDEN:
                raise _TokenRefused
            return opened.pop_all(), response

    def _authorization(self, token: str) -> dict[str, str]:
        return {"Authorization": self._settings.api.authorization.replace("{token}", token)}

    def _url(self, path: str) -> str:
        return self._settings.api_url.rstrip("/") + path

    def _authorised(self, call: Callable[[str], T]) -> T:
        token = self._token_after("")
        try:
            return call(token)
        except _TokenRefused:
            pass
        try:
            return call(self._token_after(token))
        except _TokenRefused:
            raise RemoteRefused("OttoLearn refuses the API user", status=HTTPStatus.FORBIDDEN) from None

    def _token_after(self, dead: str) -> str:
        """The token to use now that `dead` is known to be useless; whoever comes first logs in, the others wait."""
        with self._lock:
            if self._token == dead:
                self._token = self._patiently(self._log_in, _any)
            return self._token

    def _log_in(self) -> str:
        settings = self._settings
        credentials = {
            "organizationId": settings.organization_id,
            "username": settings.username,
            "password": settings.password.get_secret_value(),
        }
        answer = self._outbound.request("POST", self._url(self._settings.api.login), json=credentials)
        if answer.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN} and not is_page(answer.body):
            raise RemoteRefused(
                "OttoLearn refused the login: check ottolearn.organization_id, ottolearn.username and "
                "ottolearn.password, and that this user is active",
                status=answer.status,
            )
        if answer.status != HTTPStatus.OK:
            raise RemoteRefused(
                f"the login was answered with {answer.status}: check ottolearn.api_url{body_excerpt(answer.body)}",
                status=answer.status,
            )
        return _token_in(answer)

    def _patiently(self, call: Callable[[], T], repeatable: Callable[[RemoteUnavailable], bool]) -> T:
        wait = FIRST_WAIT
        for _ in range(self._attempts - 1):
            try:
                return call()
            except RemoteUnavailable as error:
                pause = wait if error.retry_after is None else error.retry_after
                if error.lasting or not repeatable(error) or pause > LONGEST_WAIT:
                    raise
            self._sleep(pause)
            wait *= 2
        return call()


def _any(error: RemoteUnavailable) -> bool:
    del error
    return True


def _not_carried_out(error: RemoteUnavailable) -> bool:
    return error.status == TOO_MANY_REQUESTS


def _token_in(answer: HttpResponse) -> str:
    body = answer.json()
    token = body.get("sessionToken") if isinstance(body, dict) else None
    # What goes into a header must be printable ASCII (RFC 9110, section 5.5).
    if not isinstance(token, str) or not token or not token.isascii() or not token.isprintable():
        raise RemoteRefused("the login was answered without a session token: check ottolearn.api_url")
    return token
