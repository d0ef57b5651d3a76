"""One sync of a connection at a time, by a lock that dies with whoever holds it.

PostgreSQL: an advisory lock of a database session. It dies with the session too, so a run that goes on has to look
whether it is still there. Behind a pooler such as PgBouncer a session is ours only within a transaction: there it is
the lock of a transaction that stays open, and reads and writes nothing, so that it holds up no vacuum. SQLite: an
exclusive transaction on a small file beside the database, which the operating system releases when the process ends,
however it ends, and not before.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from bridge.errors import OttoBridgeError
from bridge.store.engine import has_own_session


class LockHeld(OttoBridgeError):
    """Another run of the same connection is under way."""

    def __init__(self, connection: str) -> None:
        super().__init__(f"another sync of {connection} is under way")


class LockLost(OttoBridgeError):
    """The lock of a run is gone, and another run of the same connection may have begun."""

    def __init__(self, connection: str) -> None:
        super().__init__(
            f"the database ended the session that kept {connection} to this sync (a restart, or a limit on idle "
            "sessions or transactions?); it has stopped, and the next one resumes here"
        )


_TRY_SESSION: Final = "SELECT pg_try_advisory_lock({n})"
_TRY_TRANSACTION: Final = "SELECT pg_try_advisory_xact_lock({n})"
_RELEASE: Final = "SELECT pg_advisory_unlock({n})"
_HELD: Final = (
    "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND granted"
    " AND objsubid = 1 AND (classid::bigint << 32 | objid::bigint) = {n})"
)
"""How PostgreSQL shows an advisory lock on one bigint ("pg_locks" in its documentation)."""


@contextmanager
def sync_lock(engine: Engine, connection: str) -> Iterator[Callable[[], None]]:
    """Hold the lock of `connection` for as long as the block lasts. Raises LockHeld at once where somebody has it.

    Gives a function that raises LockLost where the lock is no longer held; it costs one question to PostgreSQL.
    """
    if engine.dialect.name == "sqlite":
        with _file_lock(Path(str(engine.url.database)), connection):
            yield lambda: None
    else:
        with _session_lock(engine, connection) as require:
            yield require


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
def _session_lock(engine: Engine, connection: str) -> Iterator[Callable[[], None]]:
    digest = hashlib.blake2b(f"ottobridge sync {connection}".encode(), digest_size=8).digest()
    number = int.from_bytes(digest, signed=True)
    with engine.connect() as session:
        ours = has_own_session(session)
        if ours:
            session.execution_options(isolation_level="AUTOCOMMIT")
        if not _ask(session, _TRY_SESSION if ours else _TRY_TRANSACTION, number):
            raise LockHeld(connection)
        try:
            yield lambda: _require(session, number, connection)
        finally:
            # A session that has ended holds nothing, whether that was noticed before or is now; nor does a transaction.
            if ours and not session.invalidated:
                with suppress(DBAPIError):
                    _ask(session, _RELEASE, number)


def _require(session: Connection, number: int, connection: str) -> None:
    try:
        held = not session.invalidated and _ask(session, _HELD, number)
    except DBAPIError as error:
        raise LockLost(connection) from error
    if not held:
        raise LockLost(connection)


def _ask(session: Connection, question: str, number: int) -> bool:
    # The number stands in the statement: with parameters the answer's snapshot would stay as long as the transaction.
    return bool(session.execute(text(question.format(n=number))).scalar_one())
