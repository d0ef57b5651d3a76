"""The tables of the queue, which another project owns: made once, and brought to the version of the library."""

from __future__ import annotations

import re
from importlib import metadata, resources
from typing import Any, Final

from sqlalchemy import Connection, Engine, text

from bridge.errors import ConfigError

LIBRARY: Final = "procrastinate"
_MARK: Final = "ottobridge: "
"""What the comment on its table of jobs begins with; the version that made the tables follows."""
_LOCK: Final = 7_221_406_318_553_026_041
_NUMBERS: Final = re.compile(r"(\d+)\.(\d+)\.(\d+)")

Version = tuple[int, ...]


def prepare_queue(engine: Engine) -> None:
    """Make the tables, or bring them to the version of the library that is installed; one process at a time.

    Raises ConfigError where the library is missing, and for tables that somebody else or a newer version made.
    """
    wanted = _installed()
    with engine.begin() as connection:
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
        found = _version(connection)
        if found == wanted:
            return
        if found is None:
            _run(connection, _sql("schema.sql"))
        elif found > wanted:
            raise ConfigError(
                [f"the tables of the queue are of {LIBRARY} {_text(found)}; {_text(wanted)} is installed"]
            )
        else:
            for name in _migrations(found, wanted):
                _run(connection, _sql("migrations", name))
        connection.execute(text(f"COMMENT ON TABLE {LIBRARY}_jobs IS '{_MARK}{_text(wanted)}'"))


def _installed() -> Version:
    try:
        return _read(metadata.version(LIBRARY))
    except metadata.PackageNotFoundError:
        problem = f"bridge.workers: {LIBRARY} is missing: pip install 'ottobridge[workers]'"
        raise ConfigError([problem]) from None


def _version(connection: Connection) -> Version | None:
    """Of the tables that are there; None where there are none."""
    table = connection.execute(text(f"SELECT to_regclass('{LIBRARY}_jobs')::oid")).scalar_one()
    if table is None:
        return None
    said = connection.execute(text(f"SELECT obj_description({int(table)}, 'pg_class')")).scalar_one() or ""
    if not said.startswith(_MARK):
        raise ConfigError([f"the table {LIBRARY}_jobs of this database belongs to another program"])
    return _read(said.removeprefix(_MARK))


def _migrations(after: Version, until: Version) -> list[str]:
    folder = resources.files(LIBRARY) / "sql" / "migrations"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return [name for name in names if after < _read(name) <= until]


def _sql(*path: str) -> str:
    return resources.files(LIBRARY).joinpath("sql", *path).read_text("utf-8")


def _run(connection: Connection, script: str) -> None:
    driver: Any = connection.connection.driver_connection
    driver.execute(script)  # as it stands: several statements, and no parameters


def _read(said: str) -> Version:
    match = _NUMBERS.match(said)
    if match is None:
        raise ConfigError([f"{said[:40]!r} is no version of {LIBRARY}"])
    return tuple(map(int, match.groups()))


def _text(version: Version) -> str:
    return ".".join(map(str, version))
