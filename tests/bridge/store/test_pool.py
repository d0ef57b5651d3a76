"""Connections in use are counted right, whatever becomes of them."""

from __future__ import annotations

from contextlib import suppress

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from bridge.store.pool import watch


@pytest.fixture
def told() -> list[int]:
    return []


def test_those_that_are_taken_are_counted_until_they_are_back(engine: Engine, told: list[int]) -> None:
    watch(engine, told.append)
    with engine.connect(), engine.connect():
        pass
    assert told == [1, 2, 1, 0]


def test_the_one_that_was_given_back_last_is_taken_first_with_what_it_has_in_memory(engine: Engine) -> None:
    first, last = engine.connect(), engine.connect()
    warm = last.connection.driver_connection
    first.close()
    last.close()
    for _ in range(3):
        with engine.connect() as connection:
            assert connection.connection.driver_connection is warm


def test_one_that_was_taken_before_is_not_given_back_twice(engine: Engine, told: list[int]) -> None:
    with engine.connect():
        watch(engine, told.append)
    assert told == [0]


def test_one_that_broke_is_in_use_no_more(engine: Engine, told: list[int]) -> None:
    watch(engine, told.append)
    with engine.connect() as connection:
        connection.invalidate()
    assert told[-1] == 0


def test_one_that_could_not_be_taken_was_never_in_use(
    engine: Engine, told: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    watch(engine, told.append)
    engine.connect().close()

    def refuse(*_: object, **__: object) -> None:
        raise engine.dialect.loaded_dbapi.OperationalError("the database is away")

    monkeypatch.setattr(engine.pool, "_pre_ping", True)
    monkeypatch.setattr(engine.dialect, "do_ping", refuse)
    monkeypatch.setattr(engine.dialect, "is_disconnect", lambda *_: True)
    monkeypatch.setattr(engine.pool, "_invoke_creator", refuse)
    with suppress(DBAPIError):
        engine.connect()
    assert told[-1] == 0
    assert min(told) == 0
