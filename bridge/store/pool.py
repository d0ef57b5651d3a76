"""How many connections to the database are in use, told whenever that changes."""

from __future__ import annotations

import threading
from collections.abc import Callable

from sqlalchemy import Engine, event
from sqlalchemy.pool import ConnectionPoolEntry


def watch(engine: Engine, tell: Callable[[int], None]) -> None:
    """Tell how many connections of the pool of `engine` are in use, of those that are taken from now on.

    They are remembered one by one: one that was broken when it was asked for is given back without having been taken.
    """
    held: set[ConnectionPoolEntry] = set()
    lock = threading.Lock()

    def taken(_connection: object, entry: ConnectionPoolEntry, _proxy: object) -> None:
        with lock:
            held.add(entry)
            tell(len(held))

    def back(_connection: object, entry: ConnectionPoolEntry) -> None:
        with lock:
            held.discard(entry)
            tell(len(held))

    event.listen(engine, "checkout", taken)
    event.listen(engine, "checkin", back)
