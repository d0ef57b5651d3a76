"""Who may push: bearer tokens of a connection, replaced without a gap."""

from __future__ import annotations

import hashlib
import secrets
from typing import Final

from bridge.store import scim_tokens
from bridge.store.database import Engine
from bridge.store.scim_tokens import TokenRow

GRACE: Final = 7 * 86_400.0
"""Seconds for which the tokens before a new one still work, unless told otherwise."""
NOTED: Final = 60.0
"""Seconds between two notes of a token's last use."""
KNOWN_FOR: Final = 1.0
"""Seconds for which a process that found a token valid does not look again: so long a revoked one may go on."""
MOST_KNOWN: Final = 1_000


def make(engine: Engine, connection: str, now: float, grace: float = GRACE) -> str:
    """A new token; those before it work for `grace` seconds more."""
    token = f"scim-{secrets.token_urlsafe(32)}"
    scim_tokens.rotate(engine, TokenRow(secrets.token_hex(4), connection, now), token, now + grace)
    return token


class Tokens:
    """The tokens that let in, each looked up once in a while: in a load there are hundreds of pushes in a second."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._known: dict[tuple[str, bytes], tuple[float, TokenRow]] = {}

    def let_in(self, connection: str, token: str, now: float) -> bool:
        """Whether `token` opens the connection now; its use is noted."""
        if not token:
            return False
        digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()  # no token stays in memory
        found, row = self._known.get((connection, digest), (0.0, None))
        if row is None or not 0 <= now - found < KNOWN_FOR:
            row = self._look_up(connection, token, digest, now)
        return row is not None and row.is_valid(now)

    def _look_up(self, connection: str, token: str, digest: bytes, now: float) -> TokenRow | None:
        row = scim_tokens.find(self._engine, connection, token)
        if row is None or not row.is_valid(now):
            self._known.pop((connection, digest), None)
            return None
        if row.used_at is None or now - row.used_at >= NOTED:
            scim_tokens.note_use(self._engine, row.id, now)
        if len(self._known) >= MOST_KNOWN:
            self._known.clear()
        self._known[connection, digest] = (now, row)
        return row
