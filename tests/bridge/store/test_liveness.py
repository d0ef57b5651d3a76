"""A connection that died in the pool costs nobody a launch, and one that lives no round trip."""

from __future__ import annotations

import select
import time
from typing import Any

import pytest
from sqlalchemy import Engine, text

from bridge.store.engine import autocommit, shared_connection

END = text("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid = ANY(:pids)")
"""These alone: other tests of the same process may have sessions of their own in this database."""
ONE = text("SELECT 1")
PID = text("SELECT pg_backend_pid()")
SESSIONS = text("SELECT count(*) FROM pg_stat_activity WHERE pid = ANY(:pids)")

pytestmark = [
    pytest.mark.parametrize("database_url", ["postgresql"], indirect=True),
    pytest.mark.skipif(not hasattr(select, "poll"), reason="this system has no poll"),
]


def pinged(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the driver itself is asked while a connection is taken from the pool."""
    asked: list[str] = []
    with engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
    kind = type(driver.cursor())
    whole = kind.execute

    def noted(self: Any, query: Any, *rest: Any, **more: Any) -> Any:
        asked.append(str(query))
        return whole(self, query, *rest, **more)

    monkeypatch.setattr(kind, "execute", noted)
    return asked


def test_one_that_is_silent_is_not_asked(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = pinged(engine, monkeypatch)
    for _ in range(3):
        with autocommit(engine) as connection:
            connection.execute(ONE)
    assert len(asked) == 3


def test_one_that_the_server_has_ended_is_replaced_before_anybody_asks_by_it(engine: Engine) -> None:
    held = [engine.connect() for _ in range(3)]
    pids = {"pids": [connection.execute(PID).scalar() for connection in held[1:]]}
    for connection in held[1:]:
        connection.close()
    assert held[0].execute(END, pids).scalar() == 2
    held[0].commit()
    deadline = time.monotonic() + 90
    while held[0].execute(SESSIONS, pids).scalar():  # the end of a session is told to its socket, not to who asked
        assert time.monotonic() < deadline
        held[0].commit()
    with autocommit(engine) as one, autocommit(engine) as other:
        assert (one.execute(ONE).scalar(), other.execute(ONE).scalar()) == (1, 1)
    held[0].close()


def test_one_that_rests_for_the_next_request_is_replaced_where_the_server_has_ended_it(engine: Engine) -> None:
    with shared_connection(engine), autocommit(engine) as connection:
        pids = {"pids": [connection.execute(PID).scalar()]}
    with engine.connect() as other:
        assert other.execute(END, pids).scalar() == 1
        other.commit()
        deadline = time.monotonic() + 60
        while other.execute(SESSIONS, pids).scalar():
            assert time.monotonic() < deadline
            other.commit()
    with shared_connection(engine), autocommit(engine) as connection:
        assert connection.execute(PID).scalar() not in pids["pids"]


def test_one_that_rests_silently_is_not_asked(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = pinged(engine, monkeypatch)
    for _ in range(3):
        with shared_connection(engine), autocommit(engine) as connection:
            connection.execute(ONE)
    assert len(asked) == 3
