"""The bridge's own access to an LTI platform's services: a signed assertion against an access token.

Followed: 1EdTech Security Framework 1.0 section 4.1 (client credentials with a JWT, RFC 7523). Platforms differ in
everything around it: Moodle answers JSON as text/html, and one of its errors is not JSON at all.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import NamedTuple

from joserfc import jwt
from joserfc.jwk import RSAKey

from bridge.net.http import Outbound
from bridge.roster.token_response import EARLY, read_token

LIFETIME = 300
"""Seconds that an assertion is good for."""


class Registration(NamedTuple):
    """Who we are at which token endpoint."""

    token_url: str
    client_id: str
    audience: str = ""
    """What the platform wants as `aud`; its token URL where empty."""


class ServiceTokens:
    """Access tokens, one for each registration and set of scopes, kept until shortly before they end.

    `key` is the tool's private key, with the `kid` under which its public half is published. Safe between threads.
    """

    def __init__(self, outbound: Outbound, key: RSAKey, now: Callable[[], float], new_id: Callable[[], str]) -> None:
        if not key.kid:
            raise ValueError("the tool's key needs a kid, or no platform finds its public half")
        self._outbound = outbound
        self._key = key
        self._now = now
        self._new_id = new_id
        self._lock = threading.Lock()
        self._kept: dict[tuple[Registration, frozenset[str]], tuple[str, float]] = {}

    def get(self, registration: Registration, scopes: Iterable[str]) -> str:
        """A token for `scopes`, opaque to us. Raises RemoteRefused or RemoteUnavailable."""
        wanted = frozenset(scopes)
        with self._lock:
            token, until = self._kept.get((registration, wanted), ("", 0.0))
            if self._now() >= until:
                token, seconds = self.ask(registration, wanted)
                self._kept[registration, wanted] = (token, self._now() + seconds - EARLY)
        return token

    def ask(self, registration: Registration, scopes: Iterable[str]) -> tuple[str, float]:
        """A fresh token for `scopes`, and the seconds it is good for. Raises RemoteRefused or RemoteUnavailable."""
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": self._assertion(registration),
            "scope": " ".join(sorted(scopes)),
        }
        answer = self._outbound.request(
            "POST", registration.token_url, data=form, headers={"Accept": "application/json"}
        )
        return read_token(answer, registration.token_url)

    def _assertion(self, registration: Registration) -> str:
        now = int(self._now())
        claims = {
            "iss": registration.client_id,
            "sub": registration.client_id,
            "aud": registration.audience or registration.token_url,
            "iat": now,
            "exp": now + LIFETIME,
            "jti": self._new_id(),
        }
        return jwt.encode({"alg": "RS256", "typ": "JWT", "kid": self._key.kid}, claims, self._key)
