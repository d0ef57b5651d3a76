"""A second look at who is at the keyboard: the customer's OpenID provider, before a launch that only a browser vouches
for counts.

Authorization code flow with PKCE (OpenID Connect Core 1.0, section 3.1; RFC 7636), client_secret_post. What the
provider says must be signed by RS256 for us alone, be fresh, and answer this very login.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlencode

import msgspec
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey
from pydantic import SecretStr

from bridge.contracts import clean
from bridge.errors import LaunchRejected, RemoteRefused
from bridge.net.http import Outbound, host_of

LEEWAY = 60
"""Seconds by which the provider's clock may differ from ours."""
OLDEST = 600.0
"""Seconds since `iat`."""
DEADLINE = 4.0
"""Seconds for each call."""
PROVIDER_KEPT = 3600.0
"""Seconds for which a provider's own description is believed."""


class StepUpSettings(Protocol):
    """What a connection says of the customer's provider."""

    @property
    def issuer(self) -> str: ...
    @property
    def client_id(self) -> str: ...
    @property
    def client_secret(self) -> SecretStr: ...
    @property
    def claim(self) -> str: ...


class _Provider(msgspec.Struct, frozen=True):
    """OpenID Connect Discovery 1.0, section 3."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str


class Login(NamedTuple):
    """A login that has begun: where the browser goes, and what must be kept until it comes back."""

    url: str
    nonce: str
    verifier: str


class StepUps:
    """Logins at customers' providers. Safe between threads: what is kept may be fetched twice, never half."""

    def __init__(
        self,
        outbound: Outbound,
        find_key: Callable[[str, str], RSAKey],
        now: Callable[[], float],
        token: Callable[[], str],
    ) -> None:
        self._outbound = outbound
        self._find_key = find_key
        self._now = now
        self._token = token
        self._providers: dict[str, tuple[_Provider, float]] = {}

    def begin(self, settings: StepUpSettings, callback: str, state: str) -> Login:
        """Where to send the browser. Raises RemoteUnavailable or RemoteRefused."""
        nonce, verifier = self._token(), self._token()
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "response_type": "code",
            "client_id": settings.client_id,
            "redirect_uri": callback,
            "scope": "openid profile email",
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        endpoint = self._provider(settings.issuer).authorization_endpoint
        return Login(f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}", nonce, verifier)

    def finish(self, settings: StepUpSettings, callback: str, code: str, kept: Login) -> str:
        """The claim that names the person. Raises LaunchRejected `step_up_failed`, RemoteUnavailable, RemoteRefused."""
        provider = self._provider(settings.issuer)
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": callback,
            "client_id": settings.client_id,
            "client_secret": settings.client_secret.get_secret_value(),
            "code_verifier": kept.verifier,
        }
        answer = self._outbound.request("POST", provider.token_endpoint, data=form, deadline=DEADLINE)
        document = answer.json() if answer.status == 200 else {}
        id_token = document.get("id_token") if isinstance(document, dict) else None
        if not isinstance(id_token, str):
            raise LaunchRejected("step_up_failed", f"{host_of(provider.token_endpoint)} gave no id_token")
        claims = self._verify(id_token, provider, settings, kept.nonce)
        name = clean(claims.get(settings.claim))
        if not name or (settings.claim == "email" and claims.get("email_verified") is not True):
            raise LaunchRejected("step_up_failed", f"the provider says no {settings.claim}, or does not vouch for it")
        return name

    def _verify(self, id_token: str, provider: _Provider, settings: StepUpSettings, nonce: str) -> Mapping[str, Any]:
        """The claims once signature, issuer, audience, time and nonce hold (Core, section 3.1.3.7)."""
        try:
            kid = {**jws.extract_compact(id_token.encode()).headers()}.get("kid")  # a TypeError for ["alg"]
            key = self._find_key(provider.jwks_uri, str(kid or ""))
            claims = jwt.decode(id_token, key, algorithms=["RS256"]).claims
            jwt.JWTClaimsRegistry(
                now=int(self._now()),
                leeway=LEEWAY,
                iss={"essential": True, "value": settings.issuer},
                sub={"essential": True},
                exp={"essential": True},
                iat={"essential": True},
                nonce={"essential": True, "value": nonce},
            ).validate(claims)
        except (JoseError, ValueError, TypeError, RecursionError) as error:
            raise LaunchRejected("step_up_failed", f"the id_token is not valid ({type(error).__name__})") from error
        if claims.get("aud") not in (settings.client_id, [settings.client_id]):
            raise LaunchRejected("step_up_failed", "the id_token is not for us alone")
        if self._now() - float(claims["iat"]) > OLDEST + LEEWAY:
            raise LaunchRejected("step_up_failed", "the id_token is too old")
        return claims

    def _provider(self, issuer: str) -> _Provider:
        found, until = self._providers.get(issuer, (None, 0.0))
        if found is None or self._now() >= until:
            found = self._discover(issuer)
            self._providers[issuer] = (found, self._now() + PROVIDER_KEPT)
        return found

    def _discover(self, issuer: str) -> _Provider:
        url = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
        answer = self._outbound.request("GET", url, deadline=DEADLINE)
        try:
            found = msgspec.json.decode(answer.body, type=_Provider)
        except (ValueError, RecursionError) as error:
            raise RemoteRefused(f"{host_of(url)} does not describe an OpenID provider") from error
        if answer.status != 200 or found.issuer != issuer:
            raise RemoteRefused(f"{host_of(url)} describes another issuer")
        return found
