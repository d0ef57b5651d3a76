"""During an upgrade the last release goes on using the database that the new version has upgraded already."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from alembic.operations import AbstractOperations, Operations, ops
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Column, Engine, Table, create_engine, select, text, types

from bridge.store.engine import migrate, open_database
from bridge.store.migrations import versions
from bridge.store.revisions import known_revisions
from tests.bridge.store import released

RELEASED, TABLES = released.read()
SAMPLES: list[tuple[type[types.TypeEngine[Any]], Any, Any]] = [
    (types.Boolean, False, True),
    (types.LargeBinary, b"x", b"y"),
    (types.String, "x", "y"),
    (types.Double, 1.0, 2.0),
    (types.Integer, 1, 2),
]
"""Of each type, what is written first and then."""


def _sample(column: Column[Any], number: int) -> Any:
    return next(sample[number + 1] for sample in SAMPLES if isinstance(column.type, sample[0]))


def _row(table: Table, number: int, wanted: Callable[[Column[Any]], bool]) -> dict[str, Any]:
    return {column.name: _sample(column, number) for column in table.columns if wanted(column)}


def _is_written(column: Column[Any]) -> bool:
    return column.primary_key or not column.nullable


@pytest.fixture
def upgraded(bare_database_url: str) -> Iterator[Engine]:
    """A database that the last release has made and written to, and this version has upgraded."""
    engine = open_database(bare_database_url)
    config = Config()
    config.set_main_option("script_location", "bridge.store:migrations")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, RELEASED)
        connection.execute(text("DELETE FROM directory"))
        for table in TABLES.sorted_tables:
            connection.execute(table.insert(), _row(table, 0, lambda _: True))
    migrate(engine)
    yield engine
    engine.dispose()


def test_the_last_release_still_reads_writes_and_deletes_in_every_table(upgraded: Engine) -> None:
    with upgraded.begin() as connection:
        for table in TABLES.sorted_tables:
            row = _row(table, 0, lambda _: True)
            assert [dict(found) for found in connection.execute(select(table)).mappings()] == [row], table.name
            changes = _row(table, 1, lambda column: not column.primary_key and not column.foreign_keys)
            if changes:
                assert connection.execute(table.update().values(changes)).rowcount == 1, table.name
        for table in reversed(TABLES.sorted_tables):
            assert connection.execute(table.delete()).rowcount == 1, table.name
        for table in TABLES.sorted_tables:  # and leaves out what has a default
            connection.execute(table.insert(), _row(table, 0, _is_written))


def test_the_last_release_is_not_shut_out_of_the_database(upgraded: Engine) -> None:
    with upgraded.connect() as connection:
        oldest = connection.execute(text("SELECT oldest FROM schema_compatibility")).scalar()
    assert oldest is None or oldest <= RELEASED, "what the last release uses may be taken away by the release after"


def _operations(revision: str) -> list[ops.MigrateOperation]:
    name = next(module.name for module in iter_modules(versions.__path__) if module.name.startswith(revision))
    found: list[ops.MigrateOperation] = []
    with pytest.MonkeyPatch.context() as patch, create_engine("sqlite://").connect() as connection:
        patch.setattr(AbstractOperations, "invoke", lambda _, operation: found.append(operation))
        with Operations.context(MigrationContext.configure(connection)):
            import_module(f"{versions.__name__}.{name}").upgrade()
    return found


def _harm(operation: ops.MigrateOperation, made: set[str]) -> str:
    """What of the last release would fail; empty where nothing would."""
    match operation:
        case ops.CreateTableOp():
            return ""
        case ops.AddColumnOp(column=column):
            held = column.nullable or column.server_default is not None
            return "" if held and not column.unique and not column.foreign_keys else "an INSERT that does not know it"
        case ops.CreateIndexOp(table_name=name, unique=unique):
            return "an INSERT that may write the same twice" if unique and name not in made else ""
    return "whatever uses what it takes away"


@pytest.mark.parametrize("revision", [one for one in reversed(known_revisions()) if one > RELEASED])
def test_a_migration_takes_nothing_away_from_the_last_release(revision: str) -> None:
    operations = _operations(revision)
    made = {operation.table_name for operation in operations if isinstance(operation, ops.CreateTableOp)}
    harms = {type(one).__name__: harm for one in operations if (harm := _harm(one, made))}
    assert operations
    assert not harms, f"{revision}: see CONTRIBUTING.md, Migrations"


@pytest.mark.parametrize(
    "operation",
    [
        ops.DropColumnOp("launch", "name"),
        ops.DropTableOp("launch"),
        ops.AlterColumnOp("launch", "name", modify_nullable=False),
        ops.RenameTableOp("launch", "launches"),
        ops.AddColumnOp("launch", Column("word", types.Text, nullable=False)),
        ops.CreateIndexOp("ix", "launch", ["reference"], unique=True),
        ops.CreateUniqueConstraintOp("uq", "launch", ["reference"]),
        ops.ExecuteSQLOp("DELETE FROM launch"),
    ],
    ids=lambda operation: type(operation).__name__,
)
def test_what_would_break_the_last_release_is_noticed(operation: ops.MigrateOperation) -> None:
    assert _harm(operation, set())
