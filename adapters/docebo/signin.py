"""An access token of Docebo's, by one of its three grants."""

from __future__ import annotations

from typing import Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from adapters.docebo.settings import Api
from bridge.contracts import ReaderContext
from bridge.errors import RemoteRefused
from bridge.net.http import host_of
from bridge.roster.shared_token import token_of
from bridge.roster.tokens import (
    TokenRequest,
    TokenSession,
    client_credentials,
    fetch_token,
    password_grant,
)

SCOPE: Final = "api"
JWT_BEARER: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
LIFETIME: Final = 300
"""Seconds that an assertion is good for."""


def session(api: Api, context: ReaderContext, *, wait: bool = True) -> TokenSession:
    """Calls with a token that is renewed when it ends. `wait`: whether a service that is away is asked again."""
    client = f"{api.client_id} {api.username} {api.url}"
    token = token_of(context, client, lambda: fetch_token(_request(api, context.now()), context.outbound))
    return TokenSession(token, context, wait=wait)


def _request(api: Api, now: float) -> TokenRequest:
    url, secret = f"{api.url}/oauth2/token", api.client_secret.get_secret_value()
    if api.grant == "password":
        password = api.password.get_secret_value()
        return password_grant(url, api.client_id, secret, api.username, password, scope=SCOPE, client_auth="body")
    if api.grant == "jwt":
        client = {"client_id": api.client_id, "client_secret": secret}
        asked = {"grant_type": JWT_BEARER, "assertion": _assertion(api, int(now)), "scope": SCOPE, **client}
        return TokenRequest(url, asked)
    return client_credentials(url, api.client_id, secret, scope=SCOPE, client_auth="body")


def _assertion(api: Api, now: int) -> str:
    """RFC 7523. Raises RemoteRefused where the key cannot be used."""
    claims = {
        "iss": api.client_id,
        "sub": api.username,
        "aud": api.audience or host_of(api.url),
        "iat": now,
        "exp": now + LIFETIME,
    }
    try:
        pem = api.private_key.read_bytes() if api.private_key is not None else b""
        return jwt.encode({"alg": "RS256", "typ": "JWT"}, claims, RSAKey.import_key(pem))
    except (OSError, ValueError, JoseError) as error:
        raise RemoteRefused(f"api.private_key is no RSA key in PEM form ({type(error).__name__})") from error
