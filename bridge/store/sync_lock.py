"""One sync of a connection at a time, by a lock that dies with whoever holds it.

PostgreSQL: an advisory lock of a database session. SQLite: an exclusive transaction on a small file beside the
database, which the operating system releases when the process ends, however it ends.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Engine, text

from bridge.errors import OttoBridgeError


class LockHeld(OttoBridgeError):
    """Another run of the same connection is under way."""

    def __init__(self, connection: str) -> None:
        super().__init__(f"another sync of {connection} is under way")


@contextmanager
def sync_lock(engine: Engine, connection: str) -> Iterator[None]:
    """Hold the lock of `connection` for as long as the block lasts. Raises LockHeld at once where somebody has it."""
    if engine.dialect.name == "sqlite":
        with _file_lock(Path(str(engine.url.database)), connection):
            yield
    else:
        with _session_lock(engine, connection):
            yield


@contextmanager
def _file_lock(database: Path, connection: str) -> Iterator[None]:
    file = database.with_name(f"{database.name}.sync-{connection}.lock")
    file.touch(mode=0o600)
    with closing(sqlite3.connect(file, timeout=0, isolation_level=None, check_same_thread=False)) as lock:
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            raise LockHeld(connection) from error
        yield


@contextmanager
def _session_lock(engine: Engine, connection: str) -> Iterator[None]:
    digest = hashlib.blake2b(f"ottobridge sync {connection}".encode(), digest_size=8).digest()
    number = {"n": int.from_bytes(digest, signed=True)}
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as session:
        if not session.execute(text("SELECT pg_try_advisory_lock(:n)"), number).scalar_one():
            raise LockHeld(connection)
        try:
            yield
        finally:
            session.execute(text("SELECT pg_advisory_unlock(:n)"), number)
