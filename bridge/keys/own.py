"""Our own signing keys: which one signs, which ones are published, and their rotation.

The next key is published from the day its predecessor begins to sign, so that every platform has it before it is
needed; a key that has signed its last stays published for as long as anything may still be checked against it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from joserfc.jwk import RSAKey

from bridge.errors import OttoBridgeError
from bridge.lti.toolkeys import decrypt, encrypt, new_key, public_half
from bridge.store import own_keys
from bridge.store.database import Engine
from bridge.store.own_keys import CURRENT, NEXT, KeyRow

MAX_AGE = 3600
"""The max-age of our key set, in seconds."""
LONGEST_CACHE = 24 * 3600.0
"""Seconds for which some platforms cache it regardless."""
LONGEST_TOKEN = 3600.0
"""The longest lifetime of anything that we sign, in seconds."""


class TooEarly(OttoBridgeError):
    """The next key has not been published for long enough to sign."""


class OwnKeys:
    """The keys of one purpose (`lti`, `oidc`); made when they are first asked for. Safe between threads."""

    def __init__(self, engine: Engine, secret_key: str, purpose: str, now: Callable[[], float]) -> None:
        self._engine = engine
        self._secret_key = secret_key
        self.purpose = purpose
        self._now = now
        self._opened: dict[str, RSAKey] = {}

    def signing(self) -> RSAKey:
        """The private key to sign with now, by RS256. Raises ConfigError where `secret_key` does not decrypt it."""
        return self._open(self._at(CURRENT))

    def check(self) -> None:
        """Raises ConfigError where `secret_key` does not decrypt a key that signs or will sign. Makes none."""
        for row in self._published():
            if row.stage is not None:
                self._open(row)

    def key_set(self) -> dict[str, list[Any]]:
        """The JSON Web Key Set to publish (RFC 7517, section 5)."""
        return {"keys": [msgspec.json.decode(row.public) for row in self.listed()]}

    def listed(self) -> list[KeyRow]:
        """All published keys, oldest first."""
        rows = self._published()
        if not {CURRENT, NEXT} <= {row.stage for row in rows}:
            own_keys.add(self._engine, self._new(CURRENT), self._new(NEXT))
            rows = self._published()
        return rows

    def rotate(self) -> str:
        """Let the next key sign; its id. Raises TooEarly before all caches must have it, ConfigError like `signing`."""
        current, following = self._at(CURRENT), self._at(NEXT)
        self._open(following)
        now, ready = self._now(), following.made_at + LONGEST_CACHE
        if now < ready:
            hours = (ready - now) / 3600
            raise TooEarly(f"the next key was published too recently to sign; {hours:.1f} hours remain")
        until = now + LONGEST_CACHE + LONGEST_TOKEN
        own_keys.move_on(self._engine, current.kid, following.kid, self._new(NEXT), now=now, until=until)
        return self._at(CURRENT).kid

    def replace(self) -> str:
        """Withdraw every key at once and begin anew; the id of the key that signs.

        For keys that have leaked or cannot be opened. What others hold in their caches fails until they ask again.
        """
        own_keys.replace_all(self._engine, self.purpose, self._new(CURRENT), self._new(NEXT))
        return self._at(CURRENT).kid

    def _open(self, row: KeyRow) -> RSAKey:
        if row.kid not in self._opened:
            self._opened[row.kid] = decrypt(row.encrypted_private, row.kid, self._secret_key, self.purpose)
        return self._opened[row.kid]

    def _published(self) -> list[KeyRow]:
        return own_keys.published(self._engine, self.purpose, now=self._now())

    def _at(self, stage: str) -> KeyRow:
        return next(row for row in self.listed() if row.stage == stage)

    def _new(self, stage: str) -> KeyRow:
        key = new_key()
        public = msgspec.json.encode(public_half(key)).decode()
        return KeyRow(str(key.kid), self.purpose, stage, public, encrypt(key, self._secret_key), self._now())
