"""The state of an LTI 1.3 login: it carries its own proof, so that nobody can fill a table by starting logins.

Only a state that came back with a good token is written down, once, which is what makes state and nonce one-time.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from bridge.errors import LaunchRejected

STATE_LIVES = 600.0
"""Seconds between the click and the launch."""
SEAL = 32
"""Bytes of HMAC-SHA256 before what it vouches for."""


class State(NamedTuple):
    """A state that this bridge made for a connection, not long ago."""

    nonce: str
    binding: str
    """Digest of the secret that only the browser which began the login holds."""
    target: str
    """The frame of the platform's that keeps the secret, too (lti-cs-oidc), so that it may come back from there."""

    def came_back(self, cookies: Mapping[str, str]) -> bool:
        """Whether the browser brought the secret in either of the login's cookies."""
        plain, partitioned = cookie_names(self.nonce)
        return proves(cookies.get(plain, ""), self.binding) or proves(cookies.get(partitioned, ""), self.binding)


class States:
    """Makes and reads states: signed, bound to a connection and to the browser that began."""

    def __init__(self, secret_key: str) -> None:
        self._mac = hmac.new(f"lti13 state {secret_key}".encode(), digestmod="sha256")

    def make(self, connection: str, nonce: str, secret: str, now: float, target: str = "") -> str:
        payload = msgspec.json.encode([connection, nonce, digest(secret), int(now), target])
        return urlsafe_b64encode(self._seal(payload) + payload).rstrip(b"=").decode()

    def read(self, state: str, connection: str, now: float) -> State:
        """Raises LaunchRejected `state_unknown` or `state_expired`."""
        try:
            octets = urlsafe_b64decode(state.encode() + b"==")
        except ValueError:
            octets = b""
        seal, payload = octets[:SEAL], octets[SEAL:]
        if not hmac.compare_digest(seal, self._seal(payload)):
            raise LaunchRejected("state_unknown", "the state was not made by this bridge")
        began_for, nonce, binding, began, target = msgspec.json.decode(payload)
        if began_for != connection:
            raise LaunchRejected("state_unknown", "the state was made for another connection")
        if now > began + STATE_LIVES:
            raise LaunchRejected("state_expired", f"the login began {int(now - began)} seconds ago")
        return State(nonce, binding, target)

    def _seal(self, payload: bytes) -> bytes:
        mac = self._mac.copy()  # the key is prepared once: that takes as long as the rest
        mac.update(payload)
        return mac.digest()


def key_of(nonce: str) -> str:
    """A name of its own for each login, so that several tabs do not disturb each other."""
    return f"ottobridge-{digest(nonce)[:16]}"


def cookie_names(nonce: str) -> tuple[str, str]:
    """For a cookie and its partitioned twin; either is accepted."""
    plain = key_of(nonce)
    return plain, f"{plain}-partitioned"


def proves(secret: str, binding: str) -> bool:
    """Whether `secret` is the one behind the digest `binding`."""
    return hmac.compare_digest(digest(secret), binding)


def digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def without_cookie(destination: str) -> str:
    """The reason where a login's cookie did not come back. `destination`: what the browser says in `Sec-Fetch-Dest`.

    Whoever is in a window of their own already is not helped by the advice to open one. Browsers say nothing by http.
    """
    return "state_no_cookie" if destination == "document" else "state_other_browser"
