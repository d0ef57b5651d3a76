"""The bridge as an OpenID Provider: OttoLearn asks who has come, and the launch just made is the answer.

OpenID Connect Core 1.0, code flow. The learner is never asked to log in: a launch was the log-in. Each launch signs in
once, so every answer is a fresh authentication, which is what `prompt=login` asks for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

from authlib.common.security import is_secure_transport  # type: ignore[import-untyped]
from authlib.oauth2.rfc6749 import (  # type: ignore[import-untyped]  # Authlib ships no types
    InvalidClientError,
    InvalidRequestError,
    OAuth2Error,
)
from authlib.oidc.core.errors import LoginRequiredError  # type: ignore[import-untyped]

from bridge.contracts import LaunchRequest
from bridge.errors import ConfigError, LaunchRejected
from bridge.launch.redirect import Cookie
from bridge.ottolearn.signin.launch_session import LaunchedLearner, LaunchSessions
from bridge.ottolearn.signin.oidc_claims import claims_about, discovery
from bridge.ottolearn.signin.oidc_grant import ACCESS, CodeIssuer, OidcServer, Reply
from bridge.ottolearn.signin.oidc_requests import OidcRequest
from bridge.store import one_time


class Farewell(NamedTuple):
    """After a logout: where the browser goes, empty for nowhere, and the cookies that take its own away."""

    url: str
    cookies: tuple[Cookie, ...]


class Provider:
    """The endpoints as functions from plain requests to plain replies. Raises ConfigError without https."""

    def __init__(self, code_issuer: CodeIssuer, sessions: LaunchSessions) -> None:
        if not is_secure_transport(code_issuer.issuer):
            raise ConfigError(["bridge.public_url: sign_in by oidc needs https, or http on this machine alone"])
        self._code_issuer = code_issuer
        self._sessions = sessions
        self._server = OidcServer(code_issuer)

    def discovery(self) -> dict[str, Any]:
        """The provider's metadata."""
        return discovery(self._code_issuer.issuer, self._code_issuer.settings.username_claim)

    def key_set(self) -> dict[str, list[Any]]:
        """The public keys."""
        return self._code_issuer.keys.key_set()

    def check_keys(self) -> None:
        """Raises ConfigError where `bridge.secret_key` does not decrypt the keys that sign."""
        self._code_issuer.keys.check()

    def authorize(self, request: LaunchRequest) -> Reply:
        """A redirect to the client with a code, or with an error.

        Raises LaunchRejected `sign_in_refused` where the redirect would go to an address that is not registered, and
        `launch_needed` where no launch says who the learner is.
        """
        asked = OidcRequest(request)
        self._require_registered(asked)
        try:
            grant = self._server.get_consent_grant(asked)
            launched = self._launched(asked, self._sessions.consume(request.cookies))
        except OAuth2Error as error:
            return self._refusal(asked, error)
        except ValueError:  # Authlib will not put what was asked into a description
            return self._refusal(asked, InvalidRequestError("A parameter has a character that it may not have."))
        reply: Reply = self._server.create_authorization_response(asked, launched, grant)
        return reply

    def token(self, request: LaunchRequest) -> Reply:
        """An ID token and an access token for a code, or one of the errors of RFC 6749, section 5.2."""
        asked = OidcRequest(request)
        try:
            asked.require_each_once()
            if not asked.given("grant_type"):
                raise InvalidRequestError("Missing 'grant_type' in request.")
            reply: Reply = self._server.create_token_response(asked)
        except OAuth2Error as error:
            reply = self._server.handle_error_response(asked, error)
        except ValueError:  # the Authorization header is not what it says it is
            reply = self._server.handle_error_response(asked, InvalidClientError(status_code=401))
        return reply

    def userinfo(self, request: LaunchRequest) -> Reply:
        """What the scope of the access token tells of its learner (OpenID Connect Core 1.0, section 5.3)."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return _unauthorized('Bearer realm="OttoBridge"')  # RFC 6750, section 3.1: no error where nobody tried
        kept = one_time.look(self._code_issuer.engine, ACCESS, token.strip(), now=self._code_issuer.now())
        learner = self._code_issuer.learner(kept["user_id"]) if kept else None
        if kept is None or learner is None:
            return _unauthorized('Bearer realm="OttoBridge", error="invalid_token"')
        claims = claims_about(learner, kept["username"], self._code_issuer.settings.username_claim, kept["scope"])
        return Reply(200, claims, {"Cache-Control": "no-store"})

    def end_session(self, request: LaunchRequest) -> Farewell:
        """Nobody is signed in here any more (OpenID Connect RP-Initiated Logout 1.0, section 2).

        The browser goes on to the address that the request names only where it is registered and the client is named,
        by a token of ours or by its id.
        """
        asked = OidcRequest(request)
        cookies = self._sessions.end(request.cookies)
        target, state = asked.given("post_logout_redirect_uri"), asked.given("state")
        if target not in self._code_issuer.settings.post_logout_redirect_uris or not self._is_our_client(asked):
            return Farewell("", cookies)
        said = f"{'&' if urlsplit(target).query else '?'}{urlencode({'state': state})}" if state else ""
        return Farewell(target + said, cookies)

    def forget(self, cookies: Mapping[str, str]) -> tuple[Cookie, ...]:
        """Spend the launch session of a browser whose launch was refused; the cookies that take its own away."""
        return self._sessions.end(cookies)

    def _is_our_client(self, asked: OidcRequest) -> bool:
        named, hint = asked.given("client_id"), asked.given("id_token_hint")
        if named and named != self._code_issuer.settings.client_id:
            return False
        try:
            return bool(self._code_issuer.hinted(hint)) if hint else bool(named)
        except OAuth2Error:
            return False

    def _require_registered(self, asked: OidcRequest) -> None:
        for name in ("client_id", "redirect_uri"):
            if len(asked.payload.datalist.get(name, ())) > 1:
                raise LaunchRejected("sign_in_refused", f"{name} is there more than once")
        if self._server.query_client(asked.given("client_id")) is None:
            raise LaunchRejected("sign_in_refused", f"client_id {asked.given('client_id')[:100]!r}")
        if not self._server.client.check_redirect_uri(asked.given("redirect_uri")):
            raise LaunchRejected("sign_in_refused", f"redirect_uri {asked.given('redirect_uri')[:300]!r}")

    def _launched(self, asked: OidcRequest, launched: LaunchedLearner | None) -> LaunchedLearner:
        hint = asked.given("id_token_hint")
        if hint and launched and self._code_issuer.hinted(hint) != self._code_issuer.subject(launched):
            raise LoginRequiredError  # section 3.1.2.1: it is not the learner whom the token names
        age = asked.given("max_age")
        # max_age=0 asks for a new log-in, as prompt=login does; a launch that signs in once is one.
        if launched and (not int(age or 0) or self._code_issuer.now() - launched.at <= int(age)):
            return launched
        if "none" in asked.given("prompt").split():
            raise LoginRequiredError
        raise LaunchRejected("launch_needed", "no launch of the last minute that was not used yet")

    def _refusal(self, asked: OidcRequest, error: OAuth2Error) -> Reply:
        """The error, to the client: its address is registered, or we would not have come so far."""
        error.redirect_uri, error.state = asked.given("redirect_uri"), asked.given("state")
        reply: Reply = self._server.handle_error_response(asked, error)
        return reply


def _unauthorized(challenge: str) -> Reply:
    return Reply(401, {"error": "invalid_token"}, {"WWW-Authenticate": challenge, "Cache-Control": "no-store"})
