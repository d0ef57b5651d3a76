"""The launch session: for a minute the browser can prove, once, which learner a launch has just matched.

The browser holds a random code in a pair of cookies (`bridge.launch.redirect.cookie_pair`); who it stands for
is in the database.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from bridge.launch.redirect import Cookie, cookie_pair
from bridge.store import one_time
from bridge.store.database import Engine

LIVES = 60
"""Seconds: a sign-in follows its launch at once, and whoever comes to the machine later must not be the learner."""
PURPOSE = "launch session"
_SECURE_NAMES = ("__Host-ottobridge-launch", "__Host-ottobridge-launch-p")
"""The prefix makes browsers refuse the name from any other host, and over plain http (RFC 6265bis, section 4.1.3.2)."""
_PLAIN_NAMES = ("ottobridge-launch", "ottobridge-launch-p")


class LaunchedLearner(NamedTuple):
    """A learner whom a launch has matched, and when."""

    user_id: int
    username: str
    """The value that tells OttoLearn who this is."""
    at: float
    """Unix seconds."""


class LaunchSessions:
    """Launch sessions of one bridge."""

    def __init__(self, engine: Engine, public_url: str, now: Callable[[], float], token: Callable[[], str]) -> None:
        self._engine = engine
        self._public_url = public_url
        self._names = _SECURE_NAMES if public_url.startswith("https:") else _PLAIN_NAMES
        self._now = now
        self._token = token

    def begin(self, user_id: int, username: str) -> tuple[Cookie, ...]:
        """The cookies that stand for this learner from now on."""
        code, now = self._token(), self._now()
        payload = {"user_id": str(user_id), "username": username, "at": repr(now)}
        one_time.keep(self._engine, PURPOSE, code, payload, until=now + LIVES)
        return cookie_pair(*self._names, code, public_url=self._public_url, max_age=LIVES, path="/")

    def consume(self, cookies: Mapping[str, str]) -> LaunchedLearner | None:
        """Who has arrived in the browser that sent `cookies`; None where nobody has, or it was asked before.

        A browser that was used inside a frame and outside may send two codes: the later launch counts, both are spent.
        """
        codes = {cookies[name] for name in self._names if cookies.get(name)}
        kept = [one_time.take(self._engine, PURPOSE, code, now=self._now()) for code in codes]
        arrivals = [
            LaunchedLearner(int(found["user_id"]), found["username"], float(found["at"])) for found in kept if found
        ]
        return max(arrivals, key=lambda launched: launched.at, default=None)

    def end(self, cookies: Mapping[str, str]) -> tuple[Cookie, ...]:
        """Nobody has arrived in this browser any more: the session is spent. The cookies that take its own away."""
        if not any(cookies.get(name) for name in self._names):
            return ()
        self.consume(cookies)
        return cookie_pair(*self._names, "", public_url=self._public_url, max_age=0, path="/")
