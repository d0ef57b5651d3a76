"""Sign-in by password, rate-limited."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from bridge.admin.passwords import Passwords
from bridge.admin.roles import Role
from bridge.errors import LaunchRejected
from bridge.store import admin_accounts
from bridge.store.admin_accounts import AccountRow
from bridge.store.database import Engine
from bridge.store.rates import Limit, Limits

NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,63}")
"""Names of accounts: such as an e-mail address, in lower case."""
TRIES_OF_ADDRESS = Limit("tries to sign in of an address", 30, 600.0)
TRIES_AT_ACCOUNT = Limit("tries to sign in to an account from an address", 10, 600.0)
"""Tries by one address for one account; counted by both, so that a stranger cannot lock an administrator out."""
TRIES_OF_ALL = Limit("tries to sign in to an account", 300, 3600.0)
"""From all addresses together: who has many of them guesses no faster."""


class TooManyTries(Exception):
    """The rate limit is exceeded; the password was not checked."""


@dataclass(frozen=True)
class Accounts:
    """The accounts that `ottobridge admin create` makes."""

    engine: Engine
    limits: Limits
    now: Callable[[], float]
    passwords: Passwords = field(default_factory=Passwords)

    def sign_in(self, name: str, password: str, address: str) -> AccountRow | None:
        """The account, if this is its password; None otherwise. Raises TooManyTries, Busy."""
        name = name.strip().lower()
        known = NAME.fullmatch(name) is not None
        try:
            self.limits.count(TRIES_OF_ADDRESS, address)
            self.limits.count(TRIES_AT_ACCOUNT, name[:64], address)
            self.limits.count(TRIES_OF_ALL, name[:64])
        except LaunchRejected as error:
            raise TooManyTries from error
        row = admin_accounts.find(self.engine, name) if known else None
        if not self.passwords.is_right(row.password if row else None, password) or row is None:
            return None
        if self.passwords.is_outdated(row.password):
            admin_accounts.rehash(self.engine, name, row.password, self.passwords.hash(password))
        admin_accounts.note_use(self.engine, name, self.now())
        return row

    def create(self, name: str, role: Role, password: str) -> bool:
        """Make an account; False where the name is taken."""
        now = self.now()
        return admin_accounts.add(self.engine, AccountRow(name, role, self.passwords.hash(password), now, now))

    def change_password(self, name: str, password: str) -> bool:
        """Give an account another password; False where there is none of this name."""
        return admin_accounts.change_password(self.engine, name, self.passwords.hash(password), self.now())
