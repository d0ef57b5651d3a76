"""How far a database's schema is, and whether the database holds together."""

from __future__ import annotations

import enum
from typing import Final, NamedTuple

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine, inspect

from bridge.store.engine import may_use, revision_of
from bridge.store.revisions import known_revisions
from bridge.store.schema import metadata

_INTEGRITY: Final = ("PRAGMA integrity_check(20)", "PRAGMA foreign_key_check")


class SchemaStatus(enum.StrEnum):
    """A schema against the program's own."""

    EMPTY = "empty"
    """No table of the bridge's is there yet."""
    BEHIND = "behind"
    CURRENT = "current"
    COMPATIBLE = "compatible"
    """A newer version of the bridge has upgraded it, and this one may go on using it."""
    NEWER = "newer"
    """A newer version of the bridge has upgraded it, and this one must not use it."""


class SchemaState(NamedTuple):
    """What `ottobridge db check` finds."""

    kind: str
    """`sqlite` or `postgresql`."""
    schema: str | None
    newest: str
    status: SchemaStatus
    problems: list[str]
    """What is not as it must be, in words."""


def look(engine: Engine) -> SchemaState:
    """The state of a database that may be of any age; changes nothing."""
    with engine.connect() as connection:
        schema, status = status_of(connection)
        return SchemaState(engine.dialect.name, schema, known_revisions()[0], status, _problems(connection, status))


def status_of(connection: Connection) -> tuple[str | None, SchemaStatus]:
    """The name of the newest migration that the database has seen, and what that means."""
    schema = revision_of(connection)
    known = known_revisions()
    if schema is None:
        return None, SchemaStatus.EMPTY
    if schema not in known:
        return schema, SchemaStatus.COMPATIBLE if may_use(connection, schema) else SchemaStatus.NEWER
    return schema, SchemaStatus.CURRENT if schema == known[0] else SchemaStatus.BEHIND


def _problems(connection: Connection, status: SchemaStatus) -> list[str]:
    problems = []
    if connection.dialect.name == "sqlite":
        for pragma in _INTEGRITY:
            found = connection.exec_driver_sql(pragma).all()
            problems += [f"{pragma}: {' '.join(map(str, row))}" for row in found if row[0] != "ok"]
    if status == SchemaStatus.CURRENT:
        compared = compare_metadata(MigrationContext.configure(connection), metadata)
        problems += [f"not as the program expects it: {_described(entry)}" for entry in compared]
    elif status == SchemaStatus.EMPTY and (others := inspect(connection).get_table_names()):
        problems.append(f"the database is somebody else's: it holds {', '.join(sorted(others)[:5])}")
    return problems


def _described(entry: object) -> str:
    """One difference: what is to be done, and to which table, column or index."""
    step = entry[0] if isinstance(entry, list) else entry
    words = step if isinstance(step, tuple) else (step,)
    return " ".join(str(getattr(word, "name", word)) for word in words if word is not None)[:200]
