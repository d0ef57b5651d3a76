"""What an error of the database tells: what went wrong, and not what was being written."""

from __future__ import annotations

from sqlalchemy import ExceptionContext
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    NotSupportedError,
    ProgrammingError,
    TimeoutError,  # noqa: A004 -- of its pool
)


def shorten(error: BaseException) -> None:
    """Keep the first line of its message: in the next ones PostgreSQL shows the row ("Failing row contains ...")."""
    error.args = (str(error.args[0] if error.args else "").partition("\n")[0],)


def shorten_both(context: ExceptionContext) -> None:
    """The same for an error of the driver and SQLAlchemy's around it; a listener to an engine's `handle_error`."""
    shorten(context.original_exception)
    if context.sqlalchemy_exception is not None:
        shorten(context.sqlalchemy_exception)


def trouble(error: BaseException | None) -> str:
    """What is wrong with the database itself, in words for the operator; empty where the error is of another kind."""
    if isinstance(error, TimeoutError):
        return "all connections to the database are in use"
    cause = error.orig if isinstance(error, DBAPIError) else error
    if cause is None or not _is_of_driver(cause):
        return ""
    code = getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None) or ""
    if isinstance(error, _OURS) and not code.startswith(_NO_SCHEMA):
        return ""
    for beginning, words in _WORDS.items():
        if code.startswith(beginning):
            return f"{words} ({code})"
    return f"the database does not answer ({type(cause).__name__})"


def _is_of_driver(cause: BaseException) -> bool:
    """Whether a driver raised it, or a class of ours that stands on one of its errors."""
    return any(kind.__module__.partition(".")[0] in {"sqlite3", "psycopg"} for kind in type(cause).__mro__)


_OURS = (IntegrityError, DataError, ProgrammingError, NotSupportedError)
"""A mistake in what was asked, unless the tables are not there."""
_NO_SCHEMA = ("42P01", "42703")
_WORDS = {
    "SQLITE_FULL": "the database or its disk is full",
    "SQLITE_BUSY": "the database is locked by another process",
    "SQLITE_LOCKED": "the database is locked by another process",
    "SQLITE_READONLY": "the database cannot be written",
    "SQLITE_IOERR": "the database's disk cannot be read or written",
    "SQLITE_CANTOPEN": "the database file cannot be opened",
    "SQLITE_CORRUPT": "the database file is damaged",
    "SQLITE_NOTADB": "the database file is no database",
    "SQLITE_ERROR": "the database lacks what this version needs",
    "42": "the database lacks what this version needs",
    "53100": "the database's disk is full",
    "53": "the database has no room for another connection or statement",
    "57P": "the database is being stopped or started",
    "25006": "the database cannot be written",
    "55P03": "the database is locked by another process",
    "40": "the database gave up on a conflict",
}
"""By what the driver's code begins with: SQLite's result codes, and PostgreSQL's SQLSTATE (its appendix A)."""
