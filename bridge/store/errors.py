"""What an error of the database tells: what went wrong, and not what was being written."""

from __future__ import annotations

from sqlalchemy import ExceptionContext


def shorten(error: BaseException) -> None:
    """Keep the first line of its message: in the next ones PostgreSQL shows the row ("Failing row contains ...")."""
    error.args = (str(error.args[0] if error.args else "").partition("\n")[0],)


def shorten_both(context: ExceptionContext) -> None:
    """The same for an error of the driver and SQLAlchemy's around it; a listener to an engine's `handle_error`."""
    shorten(context.original_exception)
    if context.sqlalchemy_exception is not None:
        shorten(context.sqlalchemy_exception)
