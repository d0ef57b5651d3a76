"""An access token that all processes of the bridge use together, encrypted in the database.

Who needs a new one holds the secret while it is asked for, so that nobody else asks meanwhile. It is stored before it
is used: where it came with a one-time refresh token, that one is the only way to the next.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from bridge.contracts import ConnectionState, StoredSecret


class StoredToken(NamedTuple):
    """What is kept of one token."""

    access: str = ""
    until: float = 0.0
    """When it is not used any more, in seconds since 1970."""
    refresh: str = ""
    """The one-time refresh token for the next; empty where none is given."""
    refreshing_since: float = 0.0
    """When the refresh token was sent, where it is not known what came of that; 0: it was not sent."""

    def to_text(self) -> str:
        """For `read_stored`."""
        return json.dumps(self._asdict())


def read_stored(text: str) -> StoredToken:
    """What `StoredToken.to_text` wrote; nothing where it is of another version."""
    try:
        said: Any = json.loads(text) if text else {}
        return StoredToken(**{name: said[name] for name in StoredToken._fields if name in said})
    except (ValueError, TypeError):
        return StoredToken()


Renew = Callable[[StoredSecret, StoredToken], StoredToken]
"""Asks for a new token, given the held secret and what it held, and stores it there. Raises what calls raise."""


@dataclass
class SharedToken:
    """The token of one connection, kept as the secret `name`."""

    state: ConnectionState
    name: str
    renew: Renew
    now: Callable[[], float]
    fresh: bool = False
    """Whether the token was asked for by this process."""
    _token: StoredToken = field(default_factory=StoredToken)
    _refused: str = ""

    def get(self) -> str:
        """A token that has not ended by our clock. Raises RemoteRefused, RemoteUnavailable."""
        if not self._good(self._token):
            with self.state.secret(self.name) as secret:
                stored = read_stored(secret.read())
                self.fresh = not self._good(stored)
                self._token = self.renew(secret, stored) if self.fresh else stored
        return self._token.access

    def forget(self) -> None:
        """Take another one the next time: this one was refused."""
        self._refused = self._token.access
        self._token = StoredToken()

    def _good(self, token: StoredToken) -> bool:
        return token.access not in {"", self._refused} and self.now() < token.until
