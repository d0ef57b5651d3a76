"""Who may push: bearer tokens of a connection, replaced without a gap."""

from __future__ import annotations

import hashlib
import secrets
from typing import Final

from bridge.store import scim_tokens
from bridge.store.database import Engine
from bridge.store.scim_tokens import TokenRow

GRACE: Final = 7 * 86_400.0
"""Seconds for which earlier tokens stay valid after a new one, by default."""
NAME_LENGTH: Final = 64
NOTED: Final = 60.0
"""Seconds between two notes of a token's last use."""
KNOWN_FOR: Final = 1.0
"""Seconds for which a process that found a token valid does not look again: so long a revoked one may go on."""
MOST_KNOWN: Final = 1_000


def make(engine: Engine, connection: str, now: float, grace: float = GRACE, name: str = "") -> str:
    """A new token; those before it work for `grace` seconds more."""
    row, token = _new(connection, name, now)
    scim_tokens.rotate(engine, row, token, now + grace)
    return token


def make_another(engine: Engine, connection: str, name: str, now: float) -> tuple[TokenRow, str]:
    """A new token beside those there are."""
    row, token = _new(connection, name, now)
    scim_tokens.add(engine, row, token)
    return row, token


def renew(engine: Engine, old: TokenRow, now: float) -> tuple[TokenRow, str] | None:
    """A new token in place of `old`, which works for `GRACE` more; None where it opens nothing any more."""
    row, token = _new(old.connection, old.name, now)
    is_new = old.is_valid(now) and scim_tokens.renew(engine, old, row, token, now + GRACE)
    return (row, token) if is_new else None


def _new(connection: str, name: str, now: float) -> tuple[TokenRow, str]:
    row = TokenRow(secrets.token_hex(4), connection, now, name=name)
    return row, f"scim-{secrets.token_urlsafe(32)}"


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
