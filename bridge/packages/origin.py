"""Which package a launch came from, and from which site: what a package's token and `Origin` prove, and no more.

Whoever can open the course can read the token. It says which package this is, so that one package can be ended; with
`Origin` it keeps browsers on other sites out. It does not say who the learner is.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Collection

from bridge.errors import LaunchRejected
from bridge.store import packages
from bridge.store.database import Engine
from bridge.store.packages import APPROVED, OriginRow, PackageRow

log = logging.getLogger(__name__)

MAX_ORIGIN = 255
ID_LETTERS = "23456789abcdefghjkmnpqrstvwxyz"


class Packages:
    """The packages that were made, and what may launch with them."""

    def __init__(self, engine: Engine, now: Callable[[], float]) -> None:
        self._engine = engine
        self._now = now

    def register(
        self,
        connection: str,
        format_: str,
        title: str,
        token: str,
        *,
        course: str = "",
        expires_at: float | None = None,
    ) -> PackageRow:
        """Remember a package by the digest of its token, which must be random and is kept nowhere."""
        row = PackageRow(_new_id(), connection, format_, title, course, self._now(), expires_at)
        packages.register(self._engine, row, token)
        return row

    def admit(self, connection: str, approved: Collection[str], token: str, origin: str) -> PackageRow:
        """The living package of `token`, played on a site that somebody approved.

        `approved`: the sites of the configuration. Raises LaunchRejected `package_token_missing`, `package_unknown`,
        `package_ended` or `origin_not_allowed`; a site that is met for the first time waits for a decision from then.
        """
        found = self.find(connection, token)
        if origin in approved:
            return found
        state = packages.origin_state(self._engine, connection, origin) if 0 < len(origin) <= MAX_ORIGIN else ""
        if state == APPROVED:
            return found
        if not state:
            self.note_origin(found, origin)
        state_words = "was refused" if state == packages.REFUSED else "waits for approval"
        raise LaunchRejected("origin_not_allowed", f"the site {origin[:200]!r} {state_words}")

    def find(self, connection: str, token: str) -> PackageRow:
        """The living package of `token`. Raises LaunchRejected `package_token_missing`, `_unknown` or `_ended`."""
        if not token:
            raise LaunchRejected("package_token_missing", "the launch carries no token of a package")
        found = packages.by_token(self._engine, token)
        if found is None or found.connection != connection:
            raise LaunchRejected("package_unknown", "no package of this connection has the launch's token")
        if not found.lives(self._now()):
            ended = "was revoked" if found.revoked_at is not None else "has expired"
            raise LaunchRejected("package_ended", f"the package {found.id} {ended}")
        return found

    def note_origin(self, found: PackageRow, origin: str) -> None:
        """Let a site that was never seen wait for a decision."""
        row = OriginRow(found.connection, origin, packages.NEW, found.id, self._now())
        if 0 < len(origin) <= MAX_ORIGIN and packages.learn_origin(self._engine, row):
            log.warning("a package of %s was played on the new site %r", found.connection, origin)


def new_token() -> str:
    """192 random bits."""
    return secrets.token_urlsafe(24)


def _new_id() -> str:
    return "".join(secrets.choice(ID_LETTERS) for _ in range(10))
