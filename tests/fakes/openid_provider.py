"""An identity provider of a school, as far as OpenID Connect by code asks for one."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.jwk import RSAKey
from werkzeug import Request, Response

SECRET = "the secret of the client"
KEY = RSAKey.generate_key(2048, {"kid": "school-1", "use": "sig", "alg": "RS256"})


class OpenIdProvider:
    """Whoever comes is signed in with `claims`; what is asked of the token endpoint must fit what was asked before."""

    url = ""
    now = 1_800_000_000.0

    def __init__(self) -> None:
        self.claims: dict[str, Any] = {"sub": "u-1", "email": "ada@school.example", "groups": ["it-staff"]}
        self.metadata: dict[str, Any] = {}
        self.key = KEY
        self.header: dict[str, Any] = {"alg": "RS256", "kid": "school-1"}
        self.id_token = ""
        """What is given for an ID token in place of one that is signed."""
        self.asked: dict[str, str] = {}
        self.nonce = ""

    def authorize(self, url: str) -> dict[str, str]:
        """What the browser brings back to the redirect URI."""
        self.asked = dict(parse_qsl(urlsplit(url).query))
        return {"code": "the-code", "state": self.asked["state"], "iss": self.url}

    @Request.application
    def __call__(self, request: Request) -> Response:
        if request.path == "/.well-known/openid-configuration":
            places = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "jwks"}
            return _json({"issuer": self.url} | {k: f"{self.url}/{v}" for k, v in places.items()} | self.metadata)
        if request.path == "/jwks":
            return _json({"keys": [KEY.as_dict(private=False)]})
        if request.path == "/token":
            return self._token(request)
        return Response("not here", 404)

    def _token(self, request: Request) -> Response:
        basic = base64.b64decode(request.headers.get("Authorization", "").removeprefix("Basic ")).decode()
        form = request.form
        fits = (
            basic == f"bridge:{SECRET}"
            and form["code"] == "the-code"
            and form["redirect_uri"] == self.asked["redirect_uri"]
            and create_s256_code_challenge(form["code_verifier"]) == self.asked["code_challenge"]
        )
        if not fits:
            return _json({"error": "invalid_grant"}, 400)
        claims = {
            "iss": self.url,
            "aud": "bridge",
            "iat": int(self.now),
            "exp": int(self.now) + 300,
            "nonce": self.nonce or self.asked["nonce"],
            **self.claims,
        }
        id_token = self.id_token or jwt.encode(self.header, claims, self.key)
        return _json({"access_token": "a", "token_type": "Bearer", "id_token": id_token})


def _json(document: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(document), status, content_type="application/json")
