"""Connections in use are counted right, whatever becomes of them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from bridge.store.engine import autocommit, shared_connection
from bridge.store.pool import MOST_AT_REST, each_alone, resting, watch


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


def _used(engine: Engine) -> Any:
    """The driver's connection that a request used."""
    with shared_connection(engine), autocommit(engine) as connection:
        connection.execute(text("SELECT 1"))
        return connection.connection.driver_connection


def test_those_that_rest_for_the_next_request_are_not_in_use(engine: Engine, told: list[int]) -> None:
    watch(engine, told.append)
    for _ in range(2):
        with shared_connection(engine), autocommit(engine):
            assert told[-1] == 1
        assert told[-1] == 0
    with engine.begin(), shared_connection(engine), autocommit(engine):
        assert told[-1] == 2
    assert told[-1] == 0


def test_what_a_request_had_in_memory_serves_the_next_one(engine: Engine) -> None:
    assert _used(engine) is _used(engine)


def test_whatever_a_request_left_open_is_over_before_the_next_one(engine: Engine) -> None:
    with shared_connection(engine), autocommit(engine) as connection:
        connection.execute(text("SELECT 1"))
        assert connection.in_transaction()
    with shared_connection(engine), autocommit(engine) as connection:
        assert not connection.in_transaction()


def test_those_at_rest_end_with_the_engine(engine: Engine, told: list[int]) -> None:
    watch(engine, told.append)
    used = _used(engine)
    engine.dispose()
    with pytest.raises(engine.dialect.loaded_dbapi.Error):
        used.execute("SELECT 1")
    assert len(resting(engine).connections) == 0
    assert told[-1] == 0
    assert _used(engine) is not used


def test_no_more_rest_than_are_worth_keeping(engine: Engine) -> None:
    with ExitStack() as stack:
        for _ in range(MOST_AT_REST + 2):
            resting(engine).give_back(stack.enter_context(each_alone(engine).connect()))
        assert len(resting(engine).connections) == MOST_AT_REST
        assert engine.pool.checkedout() == MOST_AT_REST  # type: ignore[attr-defined]
        engine.dispose()


def test_one_that_broke_in_a_request_does_not_rest(engine: Engine) -> None:
    with shared_connection(engine), autocommit(engine) as connection:
        connection.invalidate()
    assert len(resting(engine).connections) == 0


def test_no_two_requests_share_a_connection_though_all_rest_in_one_place(engine: Engine, in_threads: Callable) -> None:
    busy: set[int] = set()

    def request(_number: int) -> int:
        for _ in range(50):
            with shared_connection(engine), autocommit(engine) as connection:
                mine = id(connection)
                assert mine not in busy
                busy.add(mine)
                connection.execute(text("SELECT 1"))
                busy.remove(mine)
        return 1

    assert sum(in_threads(8, request)) == 8
    assert 1 <= len(resting(engine).connections) <= MOST_AT_REST
