"""INSERT ... ON CONFLICT DO NOTHING: of several processes that write the same key one succeeds."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Executable, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert_or_ignore(table: Table) -> Mapping[str, Executable]:
    """By dialect, the INSERT of a row that may be there: it returns the key of the one it wrote, and else nothing.

    What it returns says who was first. `rowcount` does not: SQLAlchemy knows none of an INSERT on PostgreSQL.
    """
    return {
        "sqlite": sqlite.insert(table).on_conflict_do_nothing().returning(*table.primary_key),
        "postgresql": postgresql.insert(table).on_conflict_do_nothing().returning(*table.primary_key),
    }
