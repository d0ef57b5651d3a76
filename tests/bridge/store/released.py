"""The tables as the code of the last release knows them, kept in released.json.

python -m tests.bridge.store.released      # when a version is released: the next one must bear with its statements
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Column, ForeignKeyConstraint, MetaData, Table, types

from bridge.store.revisions import known_revisions
from bridge.store.schema import metadata

KINDS: dict[str, type[types.TypeEngine[Any]]] = {
    kind.__name__: kind
    for kind in (
        types.Boolean,
        types.Text,
        types.String,
        types.LargeBinary,
        types.Double,
        types.BigInteger,
        types.Integer,
    )
}
FILE = Path(__file__).with_name("released.json")


def described() -> dict[str, Any]:
    """This version's tables in plain words."""
    tables = {table.name: _described(table) for table in metadata.sorted_tables}
    return {"schema": known_revisions()[0], "tables": tables}


def read() -> tuple[str, MetaData]:
    """The newest migration of the last release, and its tables."""
    found, tables = json.loads(FILE.read_text("utf-8")), MetaData()
    for name, table in found["tables"].items():
        columns = [_column(*column) for column in table["columns"].items()]
        keys = [ForeignKeyConstraint(*key) for key in table["foreign_keys"]]
        Table(name, tables, *columns, *keys)
    return found["schema"], tables


def _described(table: Table) -> dict[str, Any]:
    columns = {column.name: " ".join(_words(column)) for column in table.columns}
    keys = [
        [
            [column.name for column in key.columns],
            [f"{one.column.table.name}.{one.column.name}" for one in key.elements],
        ]
        for key in table.foreign_key_constraints
    ]
    return {"columns": columns, "foreign_keys": sorted(keys)}


def _words(column: Column[Any]) -> Iterator[str]:
    yield next(kind.__name__ for kind in type(column.type).__mro__ if kind.__name__ in KINDS)
    if column.primary_key:
        yield "key"
    if column.nullable or column.server_default is not None or column.table.autoincrement_column is column:
        yield "optional"


def _column(name: str, words: str) -> Column[Any]:
    kind, *more = words.split()
    return Column(name, KINDS[kind](), primary_key="key" in more, nullable="optional" in more, autoincrement=False)


if __name__ == "__main__":
    FILE.write_text(json.dumps(described(), indent=1) + "\n", "utf-8")
