"""Statements of every launch, compiled once and run by the driver itself.

SQLAlchemy takes some sixty microseconds to run a statement that SQLite answers in five. What is prepared here stays
what SQLAlchemy writes for each database, but its values and rows go to and fro as the driver has them: numbers, texts
and bytes; a Boolean comes from SQLite as 0 or 1. Its errors are SQLAlchemy's, and show no values.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from sqlalchemy import ClauseElement, Engine, Executable
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.compiler import SQLCompiler

from bridge.store.engine import autocommit
from bridge.store.errors import shorten

_WRITING: Final = threading.Lock()
_TURN: Final = 1.0
"""Seconds that a thread waits for its turn to write to SQLite; then another process keeps everybody, and SQLite's own
wait begins (`busy_timeout`). Without turns the threads of one process wait for each other by SQLite's sleeps, each
longer than the one before: of 100 pushes by SCIM one waited twice as long."""


class Prepared:
    """One statement, or one for each dialect's name; each run is a transaction of its own (`bridge.store.engine`)."""

    def __init__(self, statement: Executable | Mapping[str, Executable], columns: Sequence[str] | None = None) -> None:
        """`columns` are those that an INSERT fills, by name; all of the table where nothing is said."""
        self._statement = statement
        self._columns = columns
        self._compiled: dict[str, SQLCompiler] = {}

    def rows(self, engine: Engine, values: Mapping[str, object]) -> list[tuple[Any, ...]]:
        """Run it with `values` by the names of its parameters; every row it returns.

        Raises `sqlalchemy.exc.DBAPIError`, as any other statement does.
        """
        with autocommit(engine) as connection:
            compiled = self._compiled.get(engine.dialect.name) or self._compile(engine)
            cursor: Any = connection.connection.cursor()
            try:
                if compiled.positiontup is None:
                    return _run(cursor, compiled.string, values)
                listed = [values[name] for name in compiled.positiontup]
                writes = compiled.isinsert or compiled.isupdate or compiled.isdelete
                return (_run_in_turn if writes else _run)(cursor, compiled.string, listed)
            except engine.dialect.loaded_dbapi.Error as error:
                shorten(error)
                raise _wrapped(error, compiled) from error
            finally:
                cursor.close()

    def _compile(self, engine: Engine) -> SQLCompiler:
        dialect = engine.dialect
        statement = self._statement[dialect.name] if isinstance(self._statement, Mapping) else self._statement
        compiled = cast("ClauseElement", statement).compile(dialect=dialect, column_keys=self._columns)
        self._compiled[dialect.name] = cast("SQLCompiler", compiled)
        return self._compiled[dialect.name]


def _run(cursor: Any, statement: str, values: object) -> list[tuple[Any, ...]]:
    cursor.execute(statement, values)
    return cursor.fetchall() if cursor.description else []


def _run_in_turn(cursor: Any, statement: str, values: object) -> list[tuple[Any, ...]]:
    mine = _WRITING.acquire(timeout=_TURN)
    try:
        return _run(cursor, statement, values)
    finally:
        if mine:
            _WRITING.release()


def _wrapped(error: Exception, compiled: SQLCompiler) -> BaseException:
    """SQLAlchemy's own error around the driver's; without the values, which it would show."""
    dialect = compiled.dialect
    wrapped = DBAPIError.instance(compiled.string, None, error, dialect.loaded_dbapi.Error, dialect=dialect)
    return cast("BaseException", wrapped)
