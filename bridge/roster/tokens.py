"""Access tokens for rosters: asked for by OAuth 2.0, kept until shortly before their end, renewed once when refused."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeVar
from urllib.parse import quote

from bridge.contracts import ReaderContext
from bridge.errors import RemoteRefused
from bridge.net.http import HttpResponse, Outbound
from bridge.net.retry import with_retries
from bridge.roster.token_response import EARLY, read_token

T = TypeVar("T")
ClientAuth = Literal["basic", "body"]
"""client_secret_basic: in a header. client_secret_post: in the form."""
RENEWALS = 20
"""Refused tokens that are renewed in one reading. More of them mean that another client invalidates them."""
PAGE_SECONDS = 120.0
MAX_PAGE_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """What is posted to a token endpoint."""

    url: str
    parameters: Mapping[str, object] = field(repr=False)
    client: tuple[str, str] | None = field(default=None, repr=False)
    """Client ID and secret for the header; None where they stand among the parameters."""
    as_json: bool = False
    """The parameters as JSON instead of a form."""
    plain_client: bool = False
    """Client ID and secret unencoded in the header, for older services; RFC 6749 section 2.3.1 encodes them."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


def client_credentials(
    url: str,
    client_id: str,
    secret: str,
    *,
    scope: str = "",
    client_auth: ClientAuth = "basic",
    as_json: bool = False,
) -> TokenRequest:
    """The client credentials grant (RFC 6749 section 4.4)."""
    asked = {"grant_type": "client_credentials", **({"scope": scope} if scope else {})}
    return _request(url, asked, client_id, secret, client_auth, as_json)


def password_grant(
    url: str,
    client_id: str,
    secret: str,
    username: str,
    password: str,
    *,
    scope: str = "",
    client_auth: ClientAuth = "body",
) -> TokenRequest:
    """The password grant (RFC 6749 section 4.3)."""
    person = {"grant_type": "password", "username": username, "password": password}
    return _request(url, {**person, **({"scope": scope} if scope else {})}, client_id, secret, client_auth, False)


def fetch_token(
    request: TokenRequest, outbound: Outbound, read: Callable[[HttpResponse, str], tuple[str, float]] = read_token
) -> tuple[str, float]:
    """A token and its seconds, as `read` finds them. Raises RemoteRefused with what to change, RemoteUnavailable."""
    return ask_for_token(request, outbound, read)


def ask_for_token(request: TokenRequest, outbound: Outbound, read: Callable[[HttpResponse, str], T]) -> T:
    """What `read` finds in the answer of the token endpoint. Raises RemoteRefused, RemoteUnavailable."""
    headers = {"Accept": "application/json", **request.headers}
    if request.client is not None:
        plain = request.plain_client
        pair = ":".join(part if plain else quote(part, safe="") for part in request.client)  # RFC 6749 section 2.3.1
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    try:
        if request.as_json:
            answer = outbound.request("POST", request.url, json=dict(request.parameters), headers=headers)
        else:
            form = {name: str(value) for name, value in request.parameters.items()}
            answer = outbound.request("POST", request.url, data=form, headers=headers)
        return read(answer, request.url)
    except RemoteRefused as error:
        raise RemoteRefused(f"{error}{_hint(str(error), request)}", status=error.status) from error


class Token(Protocol):
    """The source of a session's access token."""

    fresh: bool
    """Whether the token was asked for by this process; otherwise it may have ended before its time."""

    def get(self) -> str:
        """A token that has not ended by our clock."""

    def forget(self) -> None:
        """Take another one the next time."""


class AccessToken:
    """One token, kept until shortly before it ends. `fetch` returns a fresh one and the seconds it is good for."""

    def __init__(self, fetch: Callable[[], tuple[str, float]], now: Callable[[], float]) -> None:
        self._fetch = fetch
        self._now = now
        self.fresh = True
        self._token = ""
        self._until = 0.0

    def get(self) -> str:
        """A token that has not ended by our clock."""
        if not self._token or self._now() >= self._until:
            self._token, seconds = self._fetch()
            self._until = self._now() + seconds - EARLY
        return self._token

    def forget(self) -> None:
        """Ask for a fresh one the next time."""
        self._token = ""


class TokenSession:
    """Calls that carry a token. One that was good, or that another process asked for, is renewed where it is refused
    with 401, once for each call."""

    def __init__(
        self,
        token: Token,
        context: ReaderContext,
        *,
        headers: Mapping[str, str] | None = None,
        wait: bool = True,
        seconds: float = PAGE_SECONDS,
        before: Callable[[], None] = lambda: None,
    ) -> None:
        """`seconds`: how long an answer may take; `wait`: whether to ask again where there was none; `before` is called
        before each call, and may raise."""
        self._token = token
        self._seconds = seconds
        self._means = context
        self._headers = {"Accept": "application/json", **(headers or {})}
        self._wait = wait
        self._before = before
        self._worked = False
        self._renewals = 0

    def get(self, url: str) -> HttpResponse:
        """The answer to a GET, whatever its status below 500. Raises RemoteUnavailable, RemoteRefused."""
        if not self._wait:
            return self._answered(url)
        return with_retries(lambda: self._answered(url), self._means)

    def _answered(self, url: str) -> HttpResponse:
        answer = self._called(url)
        if answer.status == 401 and (self._worked or not self._token.fresh):
            self._renew()
            answer = self._called(url)
        self._worked = self._worked or answer.status == 200
        return answer

    def _renew(self) -> None:
        self._renewals += 1
        if self._renewals > RENEWALS:
            raise RemoteRefused(
                f"the access token was refused {self._renewals} times before its end: somebody else signs in as the "
                "same client or user, and each new token ends the older one; give the bridge one of its own",
                status=401,
            )
        self._token.forget()

    def _called(self, url: str) -> HttpResponse:
        headers = {**self._headers, "Authorization": f"Bearer {self._token.get()}"}
        self._before()
        return self._means.outbound.request(
            "GET", url, headers=headers, deadline=self._seconds, max_bytes=MAX_PAGE_BYTES
        )


def _request(
    url: str, asked: dict[str, str], client_id: str, secret: str, client_auth: ClientAuth, as_json: bool
) -> TokenRequest:
    if client_auth == "basic":
        return TokenRequest(url, asked, (client_id, secret), as_json)
    return TokenRequest(url, {**asked, "client_id": client_id, "client_secret": secret}, None, as_json)


def _hint(error: str, request: TokenRequest) -> str:
    """What to change where a token endpoint did not take the client or the scope."""
    if "invalid_scope" in error:
        scope = request.parameters.get("scope", "")
        return f"; asked for the scope {scope or '(none)'}: give the client that right, or set `scope`"
    if "invalid_client" in error and request.client is not None:
        return "; or it wants the client in the form: `client_auth: body`"
    return ""
