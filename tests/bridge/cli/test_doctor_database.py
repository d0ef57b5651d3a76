"""A database that can only be read lets nobody in, and the doctor says so."""

from __future__ import annotations

from sqlalchemy import text

from bridge.cli.doctor import try_database
from bridge.doctor.checks import FAILED, OK
from bridge.store.database import Engine
from bridge.store.engine import migrate


def test_a_database_that_takes_nothing_is_not_called_well(engine: Engine) -> None:
    migrate(engine)
    assert try_database(engine, "a code", 1_000.0).state == OK
    with engine.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM kept")).scalar_one() == 0
        connection.execute(text("ALTER TABLE kept RENAME TO elsewhere"))
    try:
        found = try_database(engine, "another", 1_000.0)
    finally:
        with engine.begin() as connection:
            connection.execute(text("ALTER TABLE elsewhere RENAME TO kept"))
    assert (found.area, found.what, found.state) == ("database", "write", FAILED)
    assert found.detail
