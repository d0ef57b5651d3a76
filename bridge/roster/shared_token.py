"""An access token that all processes of the bridge use together, encrypted in the database.

Who needs a new one holds the secret while it is asked for, so that nobody else asks meanwhile. It is stored before it
is used: where it came with a one-time refresh token, that one is the only way to the next.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from bridge.contracts import ReaderContext
from bridge.roster.services import ConnectionState, StoredSecret
from bridge.roster.token_response import EARLY
from bridge.roster.tokens import AccessToken, Token

ACCESS: Final = "access token"


class StoredToken(NamedTuple):
    """What is kept of one token."""

    client: str = ""
    """Who it was given to, and by whom."""
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
        values: Any = json.loads(text) if text else {}
        return StoredToken(**{name: values[name] for name in StoredToken._fields if name in values})
    except (ValueError, TypeError):
        return StoredToken()


Renew = Callable[[StoredSecret, StoredToken], StoredToken]
"""Asks for a new token, given the held secret and what it held, and stores it there. Raises what calls raise."""


@dataclass
class SharedToken:
    """The token of one connection, kept as the secret `name`, for one `client` alone."""

    state: ConnectionState
    name: str
    client: str
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
        given = token.client == self.client and token.access not in {"", self._refused}
        return given and self.now() < token.until


def token_of(context: ReaderContext, client: str, fetch: Callable[[], tuple[str, float]]) -> Token:
    """The token that `fetch` asks for, with the seconds it is good for: one for all processes, or where nothing is
    kept, one for this reading. `client` says for whom and where it is asked for; no secret.
    """
    if context.state is None:
        return AccessToken(fetch, context.now)

    def renew(secret: StoredSecret, _: StoredToken) -> StoredToken:
        access, seconds = fetch()
        fresh = StoredToken(client, access, context.now() + seconds - EARLY)
        secret.replace(fresh.to_text())
        return fresh

    return SharedToken(context.state, ACCESS, client, renew, context.now)
