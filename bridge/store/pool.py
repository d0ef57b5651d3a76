"""Connections to the database between two uses of them, and how many are in use.

SQLAlchemy's pool costs a launch as much as its three statements: a connection is taken, watched, reset and given back.
So what requests have given back rests here, in front of that pool, ready for the next one.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry

MOST_AT_REST: Final = 8
"""Of one engine; what is more goes back to SQLAlchemy's pool."""
_ALONE: Final[dict[str, dict[str, Any]]] = {
    "sqlite": {"ottobridge_alone": True},
    "postgresql": {"isolation_level": "AUTOCOMMIT"},
}


class Resting:
    """Connections of an engine that no request has at the moment. Each statement on them is a transaction of its own.

    Who was given back last is taken first, as in the pool (`bridge.store.engine`).
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._may_be_broken = engine.dialect.name == "postgresql"
        self.connections: list[Connection] = []
        """Those that rest at the moment."""
        self.changed: Callable[[], None] = lambda: None
        """Called after one was taken or given back."""
        event.listen(engine, "engine_disposed", lambda _: self._dispose())

    def take(self) -> Connection:
        """One that works, from here or from the pool."""
        while self.connections:
            try:
                connection = self.connections.pop()
            except IndexError:  # another thread was quicker
                break
            self.changed()
            if not self._may_be_broken or self._works(connection):
                return connection
            _end(connection)
        return each_alone(self._engine).connect()

    def give_back(self, connection: Connection) -> None:
        """Let one rest that nothing has gone wrong with."""
        if connection.invalidated or len(self.connections) >= MOST_AT_REST:
            connection.close()
            return
        if connection.in_transaction():
            connection.rollback()  # SQLAlchemy's own notion of one: the database has none open
        self.connections.append(connection)
        self.changed()

    def _works(self, connection: Connection) -> bool:
        """As the pool would see to it: PostgreSQL may have ended it meanwhile (`bridge.store.liveness`)."""
        with suppress(self._engine.dialect.loaded_dbapi.Error):
            return bool(self._engine.dialect.do_ping(connection.connection.dbapi_connection))  # type: ignore[arg-type]
        return False

    def _dispose(self) -> None:
        while self.connections:
            _end(self.connections.pop())


def _end(connection: Connection) -> None:
    """Close the connection itself: the pool that it came from may be gone."""
    with suppress(DBAPIError):
        connection.invalidate()
        connection.close()


@functools.lru_cache(maxsize=64)
def resting(engine: Engine) -> Resting:
    """Those of this engine."""
    return Resting(engine)


@functools.lru_cache(maxsize=64)
def each_alone(engine: Engine) -> Engine:
    """`engine` itself, over the same pool, with each statement a transaction of its own: setting it for each connection
    costs a third of a call."""
    return engine.execution_options(**_ALONE[engine.dialect.name])


def watch(engine: Engine, tell: Callable[[int], None]) -> None:
    """Tell how many connections of `engine` are in use, of those that are taken from now on; those at rest are not.

    They are remembered one by one: one that was broken when it was asked for is given back without having been taken.
    """
    held: set[ConnectionPoolEntry] = set()
    lock = threading.Lock()
    at_rest = resting(engine)

    def changed() -> None:
        with lock:
            tell(max(0, len(held) - len(at_rest.connections)))

    def taken(_connection: object, entry: ConnectionPoolEntry, _proxy: object) -> None:
        held.add(entry)
        changed()

    def back(_connection: object, entry: ConnectionPoolEntry) -> None:
        held.discard(entry)
        changed()

    at_rest.changed = changed
    event.listen(engine, "checkout", taken)
    event.listen(engine, "checkin", back)
