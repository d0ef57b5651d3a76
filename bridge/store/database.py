"""The types of SQLAlchemy under the bridge's own names, for other packages: only this one imports SQLAlchemy."""

from __future__ import annotations

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

Transaction = Connection
"""An open connection inside `engine.begin()` or `autocommit(engine)`: what functions of this package take, so that a
caller joins several of them in one transaction. It is no `bridge.contracts.Connection`, which is an LMS."""
DatabaseError = SQLAlchemyError
"""Any error of the database, its driver or the connection; `bridge.store.errors.trouble` says it in words."""
DriverError = DBAPIError
"""What the driver raised; `connection_invalidated` says whether the connection is gone."""

__all__ = ["DatabaseError", "DriverError", "Engine", "Transaction"]
