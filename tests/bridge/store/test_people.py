"""The ledger of persons under several writers at once: an ordinary answer, never an error of the database."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import Engine, create_engine, event, text

from bridge.store import people
from bridge.store.people import Origin, Person

T = TypeVar("T")
WAITING = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")


def row(record: str, user_id: int, at: float = 1.0, origin: str = Origin.LAUNCH) -> Person:
    return Person("campus", "lti13", record, f"ID of {record}", user_id, origin, at, at, at)


def users(engine: Engine) -> dict[str, int | None]:
    with engine.connect() as connection:
        return {one.record: one.user_id for one in people.by_records(connection, "campus", "lti13", ["r1", "r2"])}


@pytest.fixture
def postgresql(migrated_postgresql: Engine) -> Iterator[Engine]:
    """Two known people, on a database where two can write at once."""
    engine = create_engine(migrated_postgresql.url)
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE person"))
        people.upsert(connection, [row("r1", 1), row("r2", 2)])
    yield engine
    engine.dispose()


@contextmanager
def while_one_writes(engine: Engine, first: Callable[[Engine], object], second: Callable[[], T]) -> Iterator[Future[T]]:
    """`second` begins when `first` has written and not yet committed; it ends when `second` is done or waits for it."""
    written, go_on = threading.Event(), threading.Event()
    slow = create_engine(engine.url)

    @event.listens_for(slow, "commit")
    def _hold(_: object) -> None:
        written.set()
        assert go_on.wait(60)

    with ThreadPoolExecutor(2) as pool:
        writing = pool.submit(first, slow)
        assert written.wait(60)
        answer = pool.submit(second)
        until_waiting(engine, answer)
        go_on.set()
        writing.result(60)
        yield answer
    slow.dispose()


def until_waiting(engine: Engine, answer: Future[T]) -> None:
    for _ in range(6_000):
        with engine.connect() as connection:
            if answer.done() or connection.execute(WAITING).scalar_one():
                return
        time.sleep(0.01)
    raise AssertionError("the second neither ended nor waited")


def keep(engine: Engine, *rows: Person) -> None:
    with engine.begin() as connection:
        people.upsert(connection, rows)


@pytest.mark.postgresql
def test_two_known_records_that_move_to_one_user_at_once_are_one_who_is_and_one_who_is_not(postgresql: Engine) -> None:
    def move(engine: Engine, record: str, was: int) -> bool:
        return people.bind(engine, row(record, 9, at=2.0), row(record, was))

    with while_one_writes(postgresql, lambda slow: move(slow, "r1", 1), lambda: move(postgresql, "r2", 2)) as answer:
        assert answer.result(60) is False
    assert users(postgresql) == {"r1": 9, "r2": 2}


@pytest.mark.postgresql
def test_a_launch_that_meets_a_roster_about_one_user_is_told_that_they_are_somebody_else(postgresql: Engine) -> None:
    def launch() -> bool:
        return people.bind(postgresql, row("r2", 9, at=2.0), row("r2", 2))

    with while_one_writes(postgresql, lambda slow: keep(slow, row("r1", 9)), launch) as answer:
        assert answer.result(60) is False
    assert users(postgresql) == {"r1": 9, "r2": 2}


@pytest.mark.postgresql
def test_a_roster_that_meets_a_launch_about_one_user_goes_on_without_them(postgresql: Engine) -> None:
    def launch(slow: Engine) -> bool:
        return people.bind(slow, row("r1", 9, at=2.0), row("r1", 1))

    def roster() -> None:
        keep(postgresql, row("r2", 9, at=3.0), row("r3", 3, at=3.0))

    with while_one_writes(postgresql, launch, roster) as answer:
        answer.result(60)
    assert users(postgresql) == {"r1": 9, "r2": 2}
    assert people.of_record(postgresql, "campus", "lti13", "r3") is not None


def test_a_roster_takes_no_user_from_another_record(engine: Engine) -> None:
    keep(engine, row("r1", 1), row("r2", 1), row("r2", 2))
    assert users(engine) == {"r1": 1, "r2": 2}


def test_nobody_is_looked_for_among_everybody(migrated_sqlite: Path) -> None:
    engine = create_engine(f"sqlite:///{migrated_sqlite}")
    asked: list[tuple[str, object]] = []
    event.listen(engine, "before_cursor_execute", lambda _, __, sql, values, *___: asked.append((sql, values)))
    with engine.begin() as connection:
        people.by_users(connection, "campus", "roster", [1, 2])
        people.by_records(connection, "campus", "roster", ["r1", "r2"])
        people.mark_left(connection, people.Source("campus", "roster"), [1], 1.0)
        cursor = connection.connection.cursor()
        for sql, values in asked:
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}", values)
            steps = " ".join(row[3] for row in cursor.fetchall() if " person " in row[3])
            assert steps.count("=?") == 3, f"{steps}: all of the three columns that make a person one"
    engine.dispose()
    assert len(asked) == 3
