"""The tables of the queue, which another project owns: made once, and brought to what the installed library needs."""

from __future__ import annotations

from importlib import resources
from typing import Any, Final

from sqlalchemy import Connection, Engine, text

from bridge.errors import ConfigError

LIBRARY: Final = "procrastinate"
_MARK: Final = "ottobridge: "
"""What the comment on its table of jobs begins with; the name of the library's last migration that was run follows."""
_LOCK: Final = 7_221_406_318_553_026_041


def prepare_queue(engine: Engine) -> None:
    """Make the tables, or run what migrations of the library are missing; one process at a time.

    Raises ConfigError where the library is missing, and for tables that somebody else or a newer version made.
    """
    known = _migrations()
    while _step(engine, known):
        pass


def _step(engine: Engine, known: list[str]) -> bool:
    """Do the next thing; False where nothing is left. A transaction each: PostgreSQL takes a new value of an
    enumeration only once it is committed.
    """
    with engine.begin() as connection:
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
        last = _last_run(connection)
        if last is None:
            _run(connection, _sql("schema.sql"))
            _mark(connection, known[-1])
            return False
        if last not in known:
            problem = f"the tables of the queue were made by another version of {LIBRARY} than the one installed here"
            raise ConfigError([f"{problem} (their last migration is {last[:80]!r})"])
        missing = known[known.index(last) + 1 :]
        if missing:
            _run(connection, _sql("migrations", missing[0]))
            _mark(connection, missing[0])
        return bool(missing)


def _last_run(connection: Connection) -> str | None:
    """The last migration of the tables that are there; None where there are none."""
    table = connection.execute(text(f"SELECT to_regclass('{LIBRARY}_jobs')::oid")).scalar_one()
    if table is None:
        return None
    comment = connection.execute(text(f"SELECT obj_description({int(table)}, 'pg_class')")).scalar_one() or ""
    if not comment.startswith(_MARK):
        raise ConfigError([f"the table {LIBRARY}_jobs of this database belongs to another program"])
    return str(comment.removeprefix(_MARK))


def _mark(connection: Connection, migration: str) -> None:
    connection.execute(text(f"COMMENT ON TABLE {LIBRARY}_jobs IS '{_MARK}{migration}'"))


def _migrations() -> list[str]:
    """The names of the library's migrations, in the order in which they are run."""
    try:
        folder = resources.files(LIBRARY) / "sql" / "migrations"
    except ModuleNotFoundError:
        problem = f"bridge.workers: {LIBRARY} is missing: pip install 'ottobridge[workers]'"
        raise ConfigError([problem]) from None
    return sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))


def _sql(*path: str) -> str:
    return resources.files(LIBRARY).joinpath("sql", *path).read_text("utf-8")


def _run(connection: Connection, script: str) -> None:
    driver: Any = connection.connection.driver_connection
    driver.execute(script)  # as it stands: several statements, and no parameters
