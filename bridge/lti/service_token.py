"""The bridge's own access to an LTI platform's services: a signed assertion against an access token.

Followed: 1EdTech Security Framework 1.0 section 4.1 (client credentials with a JWT, RFC 7523). Platforms differ in
everything around it: Moodle answers JSON as text/html, and one of its errors is not JSON at all.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from joserfc import jwt
from joserfc.jwk import RSAKey

from bridge.errors import RemoteRefused
from bridge.http import Answer, Outbound, host_of

LIFETIME = 300
"""Seconds that an assertion is good for."""
EARLY = 60.0
"""Seconds before its end at which a token is not used any more."""
SHORTEST = 300.0
LONGEST = 86_400.0

_TOKEN = re.compile(r"[\x21-\x7e]{1,16384}", re.ASCII)
_OPAQUE = re.compile(r"[^\s\"',:;()]{24,}")
_WORD = re.compile(r"\S+")
_ADDRESS = re.compile(r"[\"'(]*https?://[^?#@]*$")
_LONG_PART = re.compile(r"[^/.\-]{24,}")
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]")


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
                token, seconds = self._ask(registration, wanted)
                self._kept[registration, wanted] = (token, self._now() + seconds - EARLY)
        return token

    def _ask(self, registration: Registration, scopes: frozenset[str]) -> tuple[str, float]:
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


def read_token(answer: Answer, url: str) -> tuple[str, float]:
    """Token and seconds from an answer of the token endpoint at `url`, whatever its Content-Type says.

    Raises RemoteRefused with what the platform said, its opaque words left out (RFC 6749 sections 5.1, 5.2).
    """
    try:
        said = answer.json()
    except RemoteRefused as error:
        raise RemoteRefused(
            f"{host_of(url)} answered {answer.status} and gave no access token: {error}", status=answer.status
        ) from error
    said = said if isinstance(said, dict) else {}
    token = said.get("access_token")
    if answer.status != 200 or not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise RemoteRefused(
            f"{host_of(url)} gave no access token{words_of(said, 'error', 'error_description')}", status=answer.status
        )
    if str(said.get("token_type", "bearer")).lower() != "bearer":
        raise RemoteRefused(f"{host_of(url)} gave a token of an unknown type", status=answer.status)
    return token, _seconds(said.get("expires_in"))


def _seconds(expires_in: object) -> float:
    if isinstance(expires_in, bool) or not isinstance(expires_in, int | float | str):
        return SHORTEST
    try:
        seconds = float(expires_in)
    except ValueError:
        return SHORTEST
    return min(seconds, LONGEST) if seconds >= 0 else SHORTEST


def words_of(said: Mapping[str, object], *names: str) -> str:
    """What these members say, in one short line; long words may be tokens, so they are left out, but not addresses:
    a scope is one.
    """
    texts = (str(said[name]) for name in names if isinstance(said.get(name), str))
    told = _WORD.sub(_spared, _UNPRINTABLE.sub(" ", ": ".join(texts)))
    return f" ({told[:200]})" if told.strip() else ""


def _spared(word: re.Match[str]) -> str:
    """A word as it is told: an address without any part that may be a token, nothing of another long word."""
    text = word[0]
    return _LONG_PART.sub("…", text) if _ADDRESS.match(text) else _OPAQUE.sub("…", text)
