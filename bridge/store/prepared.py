"""Statements of every launch, compiled once and run by the driver itself.

SQLAlchemy takes some sixty microseconds to run a statement that SQLite answers in five. What is prepared here stays
what SQLAlchemy writes for each database, but its values and rows go to and fro as the driver has them: numbers, texts
and bytes; a Boolean comes from SQLite as 0 or 1. Its errors are SQLAlchemy's, and show no values.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple, cast

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


class _Compiled(NamedTuple):
    """A statement as one database takes it."""

    text: str
    order: Sequence[str] | None
    """The names of its parameters where they go by place, as in SQLite; None where they go by name."""
    waits: bool
    """Whether whoever runs it waits for a turn to write."""
    compiler: SQLCompiler


class Prepared:
    """One statement, or one for each dialect's name; each run is a transaction of its own (`bridge.store.engine`)."""

    def __init__(self, statement: Executable | Mapping[str, Executable], columns: Sequence[str] | None = None) -> None:
        """`columns` are those that an INSERT fills, by name; all of the table where nothing is said."""
        self._statement = statement
        self._columns = columns
        self._compiled: dict[str, _Compiled] = {}

    def rows(self, engine: Engine, values: Mapping[str, object]) -> list[tuple[Any, ...]]:
        """Run it with `values` by the names of its parameters; every row it returns.

        Raises `sqlalchemy.exc.DBAPIError`, as any other statement does.
        """
        return self._run(engine, values)[0]

    def count(self, engine: Engine, values: Mapping[str, object]) -> int:
        """The same for a statement that returns no rows: how many it wrote, changed or deleted."""
        return self._run(engine, values)[1]

    def _run(self, engine: Engine, values: Mapping[str, object]) -> tuple[list[tuple[Any, ...]], int]:
        """The rows that it returns, and how many it wrote, changed or deleted."""
        with autocommit(engine) as connection:
            compiled = self._compiled.get(engine.dialect.name) or self._compile(engine)
            driver: Any = connection.connection.dbapi_connection
            cursor = driver.cursor()
            given = values if compiled.order is None else [*map(values.__getitem__, compiled.order)]
            mine = compiled.waits and _WRITING.acquire(timeout=_TURN)
            try:
                cursor.execute(compiled.text, given)
                return cursor.fetchall() if cursor.description else [], cursor.rowcount
            except engine.dialect.loaded_dbapi.Error as error:
                shorten(error)
                raise _wrapped(error, compiled.compiler) from error
            finally:
                if mine:
                    _WRITING.release()
                cursor.close()

    def _compile(self, engine: Engine) -> _Compiled:
        dialect = engine.dialect
        statement = self._statement[dialect.name] if isinstance(self._statement, Mapping) else self._statement
        compiler = cast(
            "SQLCompiler", cast("ClauseElement", statement).compile(dialect=dialect, column_keys=self._columns)
        )
        writes = compiler.isinsert or compiler.isupdate or compiler.isdelete
        order = compiler.positiontup
        compiled = _Compiled(compiler.string, order, order is not None and writes, compiler)
        self._compiled[dialect.name] = compiled
        return compiled


def _wrapped(error: Exception, compiled: SQLCompiler) -> BaseException:
    """SQLAlchemy's own error around the driver's; without the values, which it would show."""
    dialect = compiled.dialect
    wrapped = DBAPIError.instance(compiled.string, None, error, dialect.loaded_dbapi.Error, dialect=dialect)
    return cast("BaseException", wrapped)
