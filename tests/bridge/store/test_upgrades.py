"""During an upgrade the last release goes on using the database that the new version has upgraded already."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from typing import Any, NamedTuple

import pytest
from alembic import command
from alembic.config import Config
from alembic.operations import AbstractOperations, ops
from sqlalchemy import Column, Connection, Engine, Table, create_engine, event, inspect, select, text, types

from bridge.store.engine import migrate, open_database
from bridge.store.revisions import known_revisions
from tests.bridge.store import released

RELEASED, TABLES = released.read()
LATER = [revision for revision in reversed(known_revisions()) if revision > RELEASED]
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


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", "bridge.store:migrations")
    config.attributes["connection"] = connection
    return config


@pytest.fixture
def upgraded(bare_database_url: str) -> Iterator[Engine]:
    """A database that the last release has made and written to, and this version has upgraded."""
    engine = open_database(bare_database_url)
    with engine.begin() as connection:
        command.upgrade(_config(connection), RELEASED)
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


class Step(NamedTuple):
    """What one migration did."""

    operations: list[ops.MigrateOperation]
    changes: list[str]
    """Statements that write rows."""
    indexes: set[str]
    """Those that were there before and hold nobody to anything."""


@pytest.fixture(scope="module")
def steps() -> dict[str, Step]:
    """Every migration since the last release, as it ran."""
    found: dict[str, Step] = {}
    invoke = AbstractOperations.invoke
    for revision in [RELEASED, *LATER]:
        found[revision] = Step([], [], set())
    with pytest.MonkeyPatch.context() as patch, create_engine("sqlite://").connect() as connection:
        config = _config(connection)
        command.upgrade(config, RELEASED)
        for revision in LATER:
            step = found[revision]
            asked = inspect(connection)
            for table in asked.get_table_names():
                step.indexes.update(str(one["name"]) for one in asked.get_indexes(table) if not one["unique"])

            def record(self: Any, operation: ops.MigrateOperation, step: Step = step) -> Any:
                step.operations.append(operation)
                return invoke(self, operation)

            def observe(*heard: Any, step: Step = step) -> None:
                if re.match(r"(UPDATE|DELETE FROM)(?! alembic_version)", heard[2]):
                    step.changes.append(heard[2])

            patch.setattr(AbstractOperations, "invoke", record)
            event.listen(connection, "before_cursor_execute", observe)
            command.upgrade(config, revision)
            event.remove(connection, "before_cursor_execute", observe)
    return found


def _harm(operation: ops.MigrateOperation, made: Collection[str] = (), indexes: Collection[str] = ()) -> str:
    """What of the last release would fail; empty where nothing would. `indexes`: those that are not unique."""
    match operation:
        case ops.CreateTableOp():
            return ""
        case ops.AddColumnOp(column=column):
            held = column.nullable or column.server_default is not None
            return "" if held and not column.unique and not column.foreign_keys else "an INSERT that does not know it"
        case ops.CreateIndexOp(table_name=name, unique=unique):
            return "an INSERT that may write the same twice" if unique and name not in made else ""
        case ops.DropIndexOp(index_name=name) if name in indexes:
            return ""
    return "whatever uses what it takes away"


def _change_harms(statement: str, added: Collection[str]) -> bool:
    """Whether rows of the last release would not be as it left them; `added`: columns that it does not know."""
    column = re.match(r"UPDATE (\w+) SET (\w+)=", statement)
    return column is None or f"{column[1]}.{column[2]}" not in added


@pytest.mark.parametrize("revision", LATER)
def test_a_migration_takes_nothing_away_from_the_last_release(revision: str, steps: dict[str, Step]) -> None:
    operations, changes, indexes = steps[revision]
    made = [one.table_name for one in operations if isinstance(one, ops.CreateTableOp)]
    added = [f"{one.table_name}.{one.column.name}" for one in operations if isinstance(one, ops.AddColumnOp)]
    assert operations
    assert {type(one).__name__: harm for one in operations if (harm := _harm(one, made, indexes))} == {}, (
        "see CONTRIBUTING.md"
    )
    assert [one for one in changes if _change_harms(one, added)] == [], "see CONTRIBUTING.md, A migration"


@pytest.mark.parametrize(
    ("statement", "harms"),
    [
        ("UPDATE launch SET word=?", False),
        ("UPDATE launch SET name=?", True),
        ("DELETE FROM launch", True),
    ],
)
def test_rows_of_the_last_release_that_are_changed_are_noticed(statement: str, harms: bool) -> None:
    assert _change_harms(statement, {"launch.word"}) == harms


@pytest.mark.parametrize(
    "operation",
    [
        ops.DropColumnOp("launch", "name"),
        ops.DropTableOp("launch"),
        ops.AlterColumnOp("launch", "name", modify_nullable=False),
        ops.RenameTableOp("launch", "launches"),
        ops.AddColumnOp("launch", Column("word", types.Text, nullable=False)),
        ops.CreateIndexOp("ix", "launch", ["reference"], unique=True),
        ops.DropIndexOp("ix_person_user", "person"),
        ops.CreateUniqueConstraintOp("uq", "launch", ["reference"]),
        ops.ExecuteSQLOp("DELETE FROM launch"),
    ],
    ids=lambda operation: type(operation).__name__,
)
def test_what_would_break_the_last_release_is_noticed(operation: ops.MigrateOperation) -> None:
    assert _harm(operation)
