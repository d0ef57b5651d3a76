"""How long a request waits for a PostgreSQL that has the connection and says nothing: frozen, or behind a network that
swallows everything. libpq itself waits for ever.

A request that has waited in vain lets those after it fail at once for a moment, so that they do not all queue up.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any, Final, TypeVar

import psycopg

from bridge.store.asking import is_request

T = TypeVar("T")

PATIENCE: Final = 4.0
"""Seconds for one statement of a request: the learner must have an answer within ten."""
MOMENT: Final = 2.0
"""Seconds for which nobody else waits then."""
INTERVAL: Final = 0.1
"""Seconds between two looks at the clock."""


class WaitLimit:
    """What all connections of an engine know of their server's silence."""

    def __init__(self) -> None:
        self.silent_until = float("-inf")

    def connect(self, _dialect: Any, _record: Any, arguments: list[Any], options: dict[str, Any]) -> Any:
        """A listener to an engine's `do_connect`."""
        self.check()
        try:
            connection = LimitedConnection.connect(*arguments, **options)
        except psycopg.errors.ConnectionTimeout:
            self.give_up()
            raise
        connection.wait_limit = self
        return connection

    def check(self) -> None:
        """Raise, in a request, where another has just waited in vain."""
        if is_request.get() and time.monotonic() < self.silent_until:
            raise psycopg.OperationalError("the server has just not answered another request")

    def give_up(self) -> None:
        """Somebody has waited in vain."""
        self.silent_until = time.monotonic() + MOMENT


class LimitedConnection(psycopg.Connection[Any]):
    """A connection that a request waits for only so long; then it is closed, since nobody knows its state."""

    wait_limit: WaitLimit | None = None

    def wait(self, gen: Generator[Any, Any, T], *arguments: Any, **options: Any) -> T:
        """Drive an operation to its end, as psycopg does."""
        wait_limit = self.wait_limit
        if wait_limit is None or not is_request.get():
            return super().wait(gen, *arguments, **options)
        wait_limit.check()
        try:
            return super().wait(_limited(gen, time.monotonic() + PATIENCE), interval=INTERVAL)
        except _Silent:
            wait_limit.give_up()
            self.pgconn.finish()
            raise


class _Silent(psycopg.OperationalError):
    """The server did not answer in time."""


def _limited(gen: Generator[Any, Any, T], deadline: float) -> Generator[Any, Any, T]:
    """The same operation, up to the deadline."""
    try:
        state = next(gen)
        while True:
            ready = yield state
            if not ready and time.monotonic() > deadline:
                raise _Silent(f"the server did not answer within {PATIENCE:.0f} s")
            state = gen.send(ready)
    except StopIteration as end:
        result: T = end.value
        return result
