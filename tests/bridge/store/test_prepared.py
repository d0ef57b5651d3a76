"""Threads that write to SQLite take turns, and nobody waits for a turn for ever."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Column, Engine, Integer, MetaData, Table, bindparam, delete, event, insert, select, update

from bridge.store import prepared
from bridge.store.engine import open_database
from bridge.store.prepared import Prepared

THING = Table("thing", MetaData(), Column("id", Integer, primary_key=True))
INSERT = Prepared(insert(THING), ["id"])
UPDATE = Prepared(update(THING).where(THING.c.id == bindparam("old")).values(id=bindparam("new")))
DELETE = Prepared(delete(THING).where(THING.c.id == bindparam("old")))
SELECT = Prepared(select(THING.c.id))


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_database(f"sqlite:///{tmp_path / 'bridge.db'}")
    THING.create(engine)
    yield engine
    engine.dispose()


class Turns:
    """What stands in for the lock, and notes what becomes of it."""

    def __init__(self, *, free: bool) -> None:
        self.free = free
        self.said: list[str] = []

    def acquire(self, timeout: float) -> bool:
        assert timeout > 0
        self.said.append("mine" if self.free else "not mine")
        return self.free

    def release(self) -> None:
        self.said.append("free")


def run_all(engine: Engine, turns: Turns) -> None:
    @event.listens_for(engine, "checkout")
    def note(connection: object, *_: object) -> None:
        connection.set_trace_callback(lambda statement: turns.said.append(statement[:6]))  # type: ignore[attr-defined]

    INSERT.rows(engine, {"id": 1})
    UPDATE.rows(engine, {"old": 1, "new": 2})
    assert SELECT.rows(engine, {}) == [(2,)]
    DELETE.rows(engine, {"old": 2})


def test_threads_that_write_to_sqlite_wait_for_their_turn_and_readers_do_not(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = Turns(free=True)
    monkeypatch.setattr(prepared, "_WRITING", turns)
    run_all(engine, turns)
    written = [["mine", statement, "free"] for statement in ("INSERT", "UPDATE", "DELETE")]
    assert turns.said == [*written[0], *written[1], "SELECT", *written[2]]


def test_a_turn_that_does_not_come_stops_nobody(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    turns = Turns(free=False)
    monkeypatch.setattr(prepared, "_WRITING", turns)
    run_all(engine, turns)
    assert turns.said == ["not mine", "INSERT", "not mine", "UPDATE", "SELECT", "not mine", "DELETE"]


def test_a_statement_that_fails_gives_its_turn_back(engine: Engine) -> None:
    INSERT.rows(engine, {"id": 1})
    with pytest.raises(Exception, match="UNIQUE"):
        INSERT.rows(engine, {"id": 1})
    assert not prepared._WRITING.locked()
