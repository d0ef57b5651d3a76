"""Passwords of accounts: hashed by Argon2id with the parameters of RFC 9106 that suit a server without much memory."""

from __future__ import annotations

import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

SHORTEST, LONGEST = 12, 256
"""Characters (NIST SP 800-63B asks for 8 at least and takes 64 at least; nobody types what is longer)."""
AT_ONCE = threading.Semaphore(2)
"""Hashing takes 64 MiB and a processor: so many at a time, so that a flood of sign-ins cannot take all."""
IN_LINE = threading.Semaphore(4)
"""Sign-ins that hash or wait to, at most; more are refused, so that a flood leaves threads for launches."""


class Busy(Exception):
    """Too many passwords are being checked at this moment; this one was not."""


def fault(password: str, name: str) -> str:
    """Why this is no password for the account `name`; empty where it is one."""
    if len(password) < SHORTEST:
        return f"too short: at least {SHORTEST} characters; several words make a good one"
    if len(password) > LONGEST:
        return f"too long: at most {LONGEST} characters"
    if len(set(password)) < 5:
        return "the same few characters over and over"
    return "it holds the account's name" if name.lower() in password.lower() else ""


class Passwords:
    """Hashes and checks passwords."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)
        self._nobodys = ""

    def hash(self, password: str) -> str:
        """The Argon2id hash of a password."""
        with AT_ONCE:
            return self._hasher.hash(_bytes(password))

    def is_right(self, hashed: str | None, password: str) -> bool:
        """Whether this is the password; with None, for an account that is not there, False after the same time.

        Raises Busy.
        """
        if len(password) > LONGEST:
            return False
        with _in_line():
            self._nobodys = self._nobodys or self.hash("the password of nobody")
            with AT_ONCE:
                try:
                    return self._hasher.verify(hashed or self._nobodys, _bytes(password)) and hashed is not None
                except (VerificationError, InvalidHashError):
                    return False

    def is_outdated(self, hashed: str) -> bool:
        """Whether it was hashed with other parameters than new ones are."""
        return self._hasher.check_needs_rehash(hashed)


@contextmanager
def _in_line() -> Iterator[None]:
    if not IN_LINE.acquire(blocking=False):
        raise Busy
    try:
        yield
    finally:
        IN_LINE.release()


def _bytes(password: str) -> bytes:
    """The password as UTF-8 of its NFC form, equal from every keyboard (RFC 8265, section 4.2)."""
    return unicodedata.normalize("NFC", password).encode("utf-8", "replace")
