"""Sessions of administrators: a random token in a cookie, its digest in the database, an idle and an absolute limit."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from bridge.admin.roles import Role
from bridge.store import admin_sessions
from bridge.store.admin_sessions import SessionRow
from bridge.store.database import Engine

NOTED_EVERY = 60.0
"""Seconds between two writes of a session's last use: a write at each page would compete with launches."""


@dataclass(frozen=True)
class SignedIn:
    """An administrator who is signed in."""

    who: str
    role: Role
    way: str
    until: float
    csrf: str
    """The CSRF token of its forms."""
    token: str
    messages: tuple[tuple[str, str], ...] = ()
    """Messages for the next page: kind (`good`, `bad` or `note`) and text."""

    def __repr__(self) -> str:
        return f"SignedIn({self.who!r}, {self.role!r})"


@dataclass(frozen=True)
class Sessions:
    """Creates, finds and ends sessions."""

    engine: Engine
    secret_key: str
    idle: float
    lasts: float
    now: Callable[[], float]
    random: Callable[[], str] = lambda: secrets.token_urlsafe(32)

    def begin(self, way: str, who: str, role: Role, *, instead_of: str = "") -> str:
        """A new session's token; the session that this browser had before ends."""
        if instead_of:
            admin_sessions.remove(self.engine, instead_of)
        token, now = self.random(), self.now()
        admin_sessions.add(self.engine, token, SessionRow(way, who, role, now, now, now + self.lasts))
        return token

    def find(self, token: str, *, is_use: bool = True) -> SignedIn | None:
        """Who is signed in by this token; None where the session is unknown or over.

        `is_use`: whether the administrator has done something, so that they are not idle.
        """
        row = admin_sessions.find(self.engine, token) if token else None
        now = self.now()
        if row is None or now >= row.until or now - row.seen_at >= self.idle:
            return None
        if is_use and now - row.seen_at >= NOTED_EVERY:
            admin_sessions.note_use(self.engine, token, now)
        messages = msgspec.json.decode(row.messages, type=tuple[tuple[str, str], ...])
        return SignedIn(row.who, Role(row.role), row.way, row.until, self.csrf_of(token), token, messages)

    def end(self, token: str) -> None:
        """Sign out."""
        admin_sessions.remove(self.engine, token)

    def csrf_of(self, token: str) -> str:
        """The CSRF token of this browser, derived from its cookie."""
        return hmac.digest(self.secret_key.encode(), b"csrf of /admin\n" + token.encode(), hashlib.sha256).hex()

    def is_csrf_of(self, token: str, sent: str) -> bool:
        """Whether the CSRF token of a form is this browser's."""
        return hmac.compare_digest(self.csrf_of(token).encode(), sent.encode("utf-8", "replace"))

    def say_next(self, signed_in: SignedIn, kind: str, text: str) -> None:
        """Show `text` on the next page of this browser."""
        row = admin_sessions.find(self.engine, signed_in.token)
        messages = msgspec.json.decode(row.messages, type=list[tuple[str, str]]) if row else []
        admin_sessions.keep_messages(self.engine, signed_in.token, [*messages[-9:], (kind, text)])

    def forget_messages(self, signed_in: SignedIn) -> None:
        """Delete the messages, which were shown."""
        admin_sessions.keep_messages(self.engine, signed_in.token, [])
