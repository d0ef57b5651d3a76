"""Who may push: bearer tokens of a connection, replaced without a gap."""

from __future__ import annotations

import secrets
from typing import Final

from bridge.store import scim_tokens
from bridge.store.database import Engine
from bridge.store.scim_tokens import TokenRow

GRACE: Final = 7 * 86_400.0
"""Seconds for which the tokens before a new one still work, unless told otherwise."""
NOTED: Final = 60.0
"""Seconds between two notes of a token's last use."""


def make(engine: Engine, connection: str, now: float, grace: float = GRACE) -> str:
    """A new token; those before it work for `grace` seconds more."""
    token = f"scim-{secrets.token_urlsafe(32)}"
    scim_tokens.rotate(engine, TokenRow(secrets.token_hex(4), connection, now), token, now + grace)
    return token


def is_let_in(engine: Engine, connection: str, token: str, now: float) -> bool:
    """Whether `token` opens the connection now; its use is noted."""
    row = scim_tokens.find(engine, connection, token) if token else None
    if row is None or not row.is_valid(now):
        return False
    if row.used_at is None or now - row.used_at >= NOTED:
        scim_tokens.note_use(engine, row.id, now)
    return True
