"""Signing in at an identity provider: OpenID Connect by authorization code, with state, nonce and PKCE.

The request and the answer are made by Authlib, and every call goes by the egress client. What the browser must bring
back is kept in a cookie that only we can read, so that beginning a sign-in writes nothing.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from authlib.common.errors import AuthlibBaseError  # type: ignore[import-untyped]  # Authlib ships no types
from authlib.oauth2.client import OAuth2Client  # type: ignore[import-untyped]
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from bridge.admin.roles import Role
from bridge.config.admin import AdminOidc
from bridge.errors import RemoteRefused, RemoteUnavailable
from bridge.keys.encryption import decrypt, encrypt
from bridge.net.http import Outbound

PURPOSE: Final = "sign-in of an administrator"
HINT: Final = "ID token of an administrator"
LONGEST_HINT: Final = 2_500
"""Characters of an ID token that fit into a cookie, encrypted: a browser keeps 4,096 bytes."""
LASTS: Final = 600.0
"""Seconds for signing in at the provider."""
KNOWN_FOR: Final = 3600.0
"""Seconds for which the provider's metadata are not read again."""
LEEWAY: Final = 60
ALGORITHMS: Final = ["RS256", "PS256", "ES256", "EdDSA"]
CONFIGURATION: Final = "/.well-known/openid-configuration"


class NotSignedIn(Exception):
    """The sign-in failed; the message is for the person who tried."""


class Begun(msgspec.Struct, frozen=True):
    """A sign-in that has begun, as the browser's cookie holds it."""

    state: str
    nonce: str
    verifier: str
    back: str
    until: float


@dataclass(frozen=True)
class Person:
    """Who the provider says has signed in."""

    who: str
    role: Role
    id_token: str = field(default="", repr=False)
    """The ID token, for the provider's sign-out (`id_token_hint`)."""


@dataclass
class OpenIdProvider:
    """The school's identity provider."""

    settings: AdminOidc
    redirect_uri: str
    secret_key: str
    outbound: Outbound
    now: Callable[[], float]
    spend: Callable[[str, float], bool]
    """Whether this is the first use of a key, which is remembered until then."""
    random: Callable[[], str] = lambda: secrets.token_urlsafe(32)
    _known: tuple[float, dict[str, Any]] = field(default=(float("-inf"), {}))

    def begin(self, back: str) -> tuple[str, str]:
        """Where to send the browser, and the cookie that it must bring back. Raises NotSignedIn."""
        begun = Begun(self.random(), self.random(), self.random() + self.random(), back, self.now() + LASTS)
        url, _ = self._client().create_authorization_url(
            self._endpoint("authorization_endpoint"), state=begun.state, code_verifier=begun.verifier, nonce=begun.nonce
        )
        return str(url), encrypt(msgspec.json.encode(begun).decode(), self.secret_key, PURPOSE)

    def finish(self, cookie: str, query: Mapping[str, str]) -> tuple[Person, str]:
        """Who has signed in, and where they wanted to go. Raises NotSignedIn."""
        begun = self._begun(cookie, query.get("state", ""))
        if query.get("iss", self.settings.issuer) != self.settings.issuer:  # RFC 9207
            raise NotSignedIn("The answer came from another identity provider.")
        if "error" in query:
            raise NotSignedIn(f"The identity provider said: {query['error'][:64]}.")
        if not self.spend(f"{PURPOSE} {begun.state}", begun.until):
            raise NotSignedIn("This sign-in was finished before.")
        id_token = self._id_token(query.get("code", ""), begun.verifier)
        return replace(self._person(self._claims(id_token, begun.nonce)), id_token=id_token), begun.back

    def hint_for(self, person: Person) -> str:
        """A cookie by which `sign_out` finds the ID token again; empty where none takes so much."""
        too_long = len(person.id_token) > LONGEST_HINT
        return "" if too_long else encrypt(person.id_token, self.secret_key, HINT)

    def sign_out(self, cookie: str, back: str) -> str:
        """Where the browser signs out at the provider (OpenID Connect RP-Initiated Logout 1.0), from where it comes to
        `back`; empty where the provider names no such place, or is not to be asked. Raises NotSignedIn.
        """
        found = self._metadata().get("end_session_endpoint") if self.settings.sign_out else None
        if not isinstance(found, str) or not self._is_secure(found):
            return ""
        asked = {"client_id": self.settings.client_id, "post_logout_redirect_uri": back}
        with suppress(ValueError):  # without it, the provider asks whether it should
            asked["id_token_hint"] = decrypt(cookie, self.secret_key, HINT)
        return f"{found}{'&' if '?' in found else '?'}{urlencode(asked)}"

    def _begun(self, cookie: str, state: str) -> Begun:
        try:
            begun = msgspec.json.decode(decrypt(cookie, self.secret_key, PURPOSE), type=Begun)
        except ValueError as error:
            raise NotSignedIn("This browser has not begun to sign in, or its cookie did not come back.") from error
        if not secrets.compare_digest(begun.state.encode(), state.encode("utf-8", "replace")):
            raise NotSignedIn("The answer belongs to another sign-in.")
        if self.now() >= begun.until:
            raise NotSignedIn("Signing in took too long.")
        return begun

    def _id_token(self, code: str, verifier: str) -> str:
        try:
            answer = self._client().fetch_token(
                self._endpoint("token_endpoint"),
                code=code,
                grant_type="authorization_code",
                redirect_uri=self.redirect_uri,
                code_verifier=verifier,
            )
        except (AuthlibBaseError, RemoteRefused, RemoteUnavailable, ValueError, KeyError) as error:
            raise NotSignedIn(f"The identity provider gave no token: {type(error).__name__}.") from error
        found = answer.get("id_token")
        if not isinstance(found, str):
            raise NotSignedIn("The identity provider gave no ID token.")
        return found

    def _claims(self, id_token: str, nonce: str) -> dict[str, Any]:
        """The claims, once they hold (OpenID Connect Core, section 3.1.3.7)."""
        registry = jwt.JWTClaimsRegistry(
            now=lambda: int(self.now()),
            leeway=LEEWAY,
            iss={"essential": True, "value": self.settings.issuer},
            aud={"essential": True, "value": self.settings.client_id},
            nonce={"essential": True, "value": nonce},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
        )
        try:
            token = jwt.decode(id_token, self._keys(), algorithms=ALGORITHMS)
            registry.validate(token.claims)
        except (JoseError, ValueError, TypeError, RecursionError) as error:
            raise NotSignedIn(f"The identity provider’s ID token does not hold: {type(error).__name__}.") from error
        claims = token.claims
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if claims.get("azp", None if several else self.settings.client_id) != self.settings.client_id:
            raise NotSignedIn("The identity provider’s ID token is for another application.")
        return claims

    def _person(self, claims: Mapping[str, Any]) -> Person:
        claims = _without_unconfirmed_email(claims)
        claim = claims.get(self.settings.roles_claim)
        values = {claim} if isinstance(claim, str) else {*filter(_is_text, claim)} if isinstance(claim, list) else set()
        who = claims.get(self.settings.who)
        who = who if isinstance(who, str) and who.strip() else claims["sub"]
        for role in (Role.OWNER, Role.OPERATOR, Role.VIEWER):
            if values & set(getattr(self.settings.roles, role.value)):
                return Person(str(who)[:255], role)
        raise NotSignedIn(f"{str(who)[:255]} has signed in, and has no role here. Ask whoever runs OttoBridge.")

    def _client(self) -> Any:
        methods = self._metadata().get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        basic = not isinstance(methods, list) or "client_secret_basic" in methods
        return OAuth2Client(
            _Session(self.outbound),
            self.settings.client_id,
            self.settings.client_secret.get_secret_value(),
            token_endpoint_auth_method="client_secret_basic" if basic else "client_secret_post",
            scope=" ".join(self.settings.scopes),
            redirect_uri=self.redirect_uri,
            code_challenge_method="S256",
        )

    def _keys(self) -> KeySet:
        """Not cached: administrators sign in seldom, and a withdrawn key must not be accepted."""
        found = self._ask(self._endpoint("jwks_uri"))
        return KeySet.import_key_set(found)  # type: ignore[arg-type]

    def _endpoint(self, name: str) -> str:
        found = self._metadata().get(name)
        if not isinstance(found, str) or not self._is_secure(found):
            raise NotSignedIn(f"The identity provider names no {name} by https.")
        return str(found)

    def _is_secure(self, url: str) -> bool:
        return url.startswith(("https://", self.settings.issuer))

    def _metadata(self) -> dict[str, Any]:
        read_at, found = self._known
        if self.now() - read_at >= KNOWN_FOR:
            found = self._ask(self.settings.issuer.rstrip("/") + CONFIGURATION)
            if found.get("issuer") != self.settings.issuer:
                raise NotSignedIn("admin.oidc.issuer is not what the identity provider calls itself.")
            self._known = (self.now(), found)
        return found

    def _ask(self, url: str) -> dict[str, Any]:
        try:
            found = self.outbound.request("GET", url, headers={"Accept": "application/json"}).json()
        except (RemoteRefused, RemoteUnavailable) as error:
            raise NotSignedIn(f"The identity provider cannot be asked: {error}.") from error
        if not isinstance(found, dict):
            raise NotSignedIn("The identity provider’s answer is no object.")
        return found


def _without_unconfirmed_email(claims: Mapping[str, Any]) -> Mapping[str, Any]:
    """The claims, without `email` where `email_verified` is false: a user who may write it could take the roles and the
    name in the audit list of somebody else. Some providers send text; some send nothing, and confirm all addresses.
    """
    if claims.get("email_verified", True) in (True, "true"):
        return claims
    return {name: value for name, value in claims.items() if name != "email"}


class _Session:
    """What Authlib posts by: our egress client in the shape of a session of requests."""

    def __init__(self, outbound: Outbound) -> None:
        self._outbound = outbound

    def post(self, url: str, data: Mapping[str, str], headers: Mapping[str, str], auth: Any, **_: Any) -> _Answer:
        where, sent, body = auth.prepare("POST", url, dict(headers), urlencode(data))
        answer = self._outbound.request("POST", where, headers=sent, data=body.encode())
        return _Answer(answer.status, answer.json())


@dataclass(frozen=True)
class _Answer:
    status_code: int
    content: Any

    def json(self) -> Any:
        return self.content

    def raise_for_status(self) -> None:
        """Never raises: errors are in the body (RFC 6749, section 5.2)."""


def _is_text(value: object) -> bool:
    return isinstance(value, str)
