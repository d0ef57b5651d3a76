"""Encrypted secrets of connections, written so that neither a crash nor a power failure loses what was written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import Engine, bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from bridge.errors import RemoteUnavailable
from bridge.store.engine import autocommit
from bridge.store.schema import kept
from bridge.store.sync_lock import LockHeld, sync_lock

FOR_EVER: Final = 1e12
STEP: Final = 0.05
"""Seconds between two tries to hold a secret that somebody else holds."""
LONGEST: Final = 60.0

_READ: Final = select(kept.c.payload).where(kept.c.key == bindparam("k"))
_FORGET: Final = delete(kept).where(kept.c.key == bindparam("k"))


def _upsert(dialect: Any) -> Any:
    row = dialect.insert(kept)
    return row.on_conflict_do_update(index_elements=["key"], set_={"payload": row.excluded.payload})


_WRITE: Final = {"sqlite": _upsert(sqlite), "postgresql": _upsert(postgresql)}


@contextmanager
def held(engine: Engine, connection: str, name: str, sleep: Callable[[float], None]) -> Iterator[None]:
    """Lock the secret `name` of a connection across all processes; a process that dies releases it.

    Raises RemoteUnavailable where somebody else holds it for a minute.
    """
    waited = 0.0
    while True:
        try:
            with sync_lock(engine, f"{connection}.{name}"):
                yield
                return
        except LockHeld:
            if waited >= LONGEST:
                raise RemoteUnavailable(f"another process holds the {name} of {connection} for a minute") from None
            waited += STEP
            sleep(STEP)


def read(engine: Engine, connection: str, name: str) -> str:
    """The ciphertext that is stored; empty where there is none."""
    with autocommit(engine) as session:
        found = session.execute(_READ, {"k": _key(connection, name)}).scalar_one_or_none()
    return "" if found is None else str(json.loads(found)["value"])


def write(engine: Engine, connection: str, name: str, encrypted: str) -> None:
    """Keep this instead of what was kept; on the disk when it returns (SQLite's own setting risks the last moments)."""
    row = {"key": _key(connection, name), "payload": json.dumps({"value": encrypted}), "until": FOR_EVER}
    with autocommit(engine) as session:
        on_sqlite = engine.dialect.name == "sqlite"
        if on_sqlite:
            session.exec_driver_sql("PRAGMA synchronous=FULL")
        try:
            session.execute(_WRITE[engine.dialect.name], row)
        finally:
            if on_sqlite:
                session.exec_driver_sql("PRAGMA synchronous=NORMAL")


def forget(engine: Engine, connection: str, name: str) -> None:
    """Delete the secret."""
    with autocommit(engine) as session:
        session.execute(_FORGET, {"k": _key(connection, name)})


def _key(connection: str, name: str) -> bytes:
    return hashlib.sha256(f"secret of a connection\n{connection}\n{name}".encode()).digest()
