"""Deleting many rows a few at a time: each batch is a transaction of its own, so that launches get their turn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlalchemy import ColumnElement, Engine, Table, delete, select, tuple_

from bridge.store.engine import autocommit

BATCH: Final = 1_000


class Purge:
    """The rows of one table that meet every condition."""

    def __init__(self, table: Table, *conditions: ColumnElement[bool]) -> None:
        key = tuple(table.primary_key.columns)
        chosen = select(*key).where(*conditions).limit(BATCH)
        self._statement = delete(table).where((tuple_(*key) if len(key) > 1 else key[0]).in_(chosen))

    def run(self, engine: Engine, values: Mapping[str, object]) -> int:
        """Delete them; how many there were."""
        count = 0
        while True:
            with autocommit(engine) as connection:
                deleted = connection.execute(self._statement, values).rowcount
            count += deleted
            if deleted < BATCH:
                return count
