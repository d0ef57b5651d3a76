"""What the OpenID Provider says: its discovery document, ID tokens, and what it tells of a learner."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from authlib.oidc.core.util import create_half_hash  # type: ignore[import-untyped]  # Authlib ships no types
from joserfc import jwt
from joserfc.jwk import RSAKey

from bridge.contracts import FIRST_NAME, LAST_NAME, Learner

ALGORITHM = "RS256"
TOKEN_LIVES = 300
"""Seconds that an ID token, and the access token beside it, are good for."""
SCOPES = ("openid", "profile")
AUTHORIZE, TOKEN, USERINFO, KEYS = "/oidc/authorize", "/oidc/token", "/oidc/userinfo", "/oidc/jwks.json"
END_SESSION = "/oidc/logout"


def discovery(public_url: str, username_claim: str) -> dict[str, Any]:
    """The provider's metadata (OpenID Connect Discovery 1.0, section 3)."""
    return {
        "issuer": public_url,
        "authorization_endpoint": public_url + AUTHORIZE,
        "token_endpoint": public_url + TOKEN,
        "userinfo_endpoint": public_url + USERINFO,
        "jwks_uri": public_url + KEYS,
        "end_session_endpoint": public_url + END_SESSION,
        "scopes_supported": list(SCOPES),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [ALGORITHM],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "code_challenge_methods_supported": ["S256"],
        "prompt_values_supported": ["none", "login"],
        "claims_supported": sorted({"sub", "auth_time", "given_name", "family_name", username_claim}),
        "claims_parameter_supported": False,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
    }


def claims_about(learner: Learner, username: str, username_claim: str, scope: str) -> dict[str, str]:
    """Who the learner is: names only in the scope `profile`, and never in the place of the username.

    `sub` is the OttoLearn user id, unless OttoLearn reads the username from there.
    """
    names = {"given_name": FIRST_NAME, "family_name": LAST_NAME} if "profile" in scope.split() else {}
    found = {claim: learner.attributes.get(attribute, "") for claim, attribute in names.items()}
    claims = {"sub": str(learner.user_id), username_claim: username}
    return {claim: name for claim, name in found.items() if name} | claims


def id_token(
    about: Mapping[str, str],
    key: RSAKey,
    *,
    issuer: str,
    client_id: str,
    now: float,
    auth_time: float,
    nonce: str,
    access_token: str,
) -> str:
    """A signed ID token (OpenID Connect Core 1.0, sections 2 and 3.1.3.6). Times are Unix seconds."""
    claims = {
        **about,
        "iss": issuer,
        "aud": client_id,
        "iat": int(now),
        "exp": int(now) + TOKEN_LIVES,
        "auth_time": int(auth_time),
        "at_hash": create_half_hash(access_token, ALGORITHM).decode(),
    }
    if nonce:
        claims["nonce"] = nonce
    return jwt.encode({"alg": ALGORITHM, "kid": key.kid, "typ": "JWT"}, claims, key, [ALGORITHM])
