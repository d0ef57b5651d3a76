"""The last good key set of each platform, so that a restart forgets none.

A database that is away costs no launch: whoever asks then hears that nothing is kept, and the log says why.
"""

from __future__ import annotations

import hashlib
import logging
from typing import Final, NamedTuple

from sqlalchemy import Engine, Executable, bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from bridge.store.engine import autocommit
from bridge.store.schema import key_set

log = logging.getLogger(__name__)


class KeySetRow(NamedTuple):
    """What a platform answered. Times are Unix seconds."""

    document: str
    """The JSON Web Key Set: public keys, and those that can be used alone."""
    answered_at: float
    fresh_until: float


_COLUMNS: Final = [key_set.c[name] for name in KeySetRow._fields]
_FIND: Final = select(*_COLUMNS).where(key_set.c.key == bindparam("asked"))
_FORGET: Final = delete(key_set).where(key_set.c.answered_at < bindparam("before"))


def _keep_statement(dialect: type[sqlite.Insert] | type[postgresql.Insert]) -> Executable:
    row = dialect(key_set)
    statement: Executable = row.on_conflict_do_update(
        index_elements=["key"], set_={name: row.excluded[name] for name in KeySetRow._fields}
    )
    return statement


_KEEP: Final = {"sqlite": _keep_statement(sqlite.Insert), "postgresql": _keep_statement(postgresql.Insert)}


def find(engine: Engine, url: str) -> KeySetRow | None:
    """What is kept of the key set at `url`; None where nothing is, or the database does not answer."""
    try:
        with autocommit(engine) as connection:
            row = connection.execute(_FIND, {"asked": _key(url)}).one_or_none()
    except SQLAlchemyError as error:
        log.warning("a kept key set could not be read: %s", type(error).__name__)
        return None
    return None if row is None else KeySetRow(*row)


def keep(engine: Engine, url: str, row: KeySetRow) -> None:
    """Keep `row` in the place of what was kept."""
    try:
        with autocommit(engine) as connection:
            connection.execute(_KEEP[engine.dialect.name], {"key": _key(url), "url": url, **row._asdict()})
    except SQLAlchemyError as error:
        log.warning("a key set could not be kept: %s", type(error).__name__)


def forget_before(engine: Engine, time: float) -> int:
    """Delete what platforms answered before `time`; how many."""
    with autocommit(engine) as connection:
        return connection.execute(_FORGET, {"before": time}).rowcount


def _key(url: str) -> bytes:
    return hashlib.sha256(url.encode("utf-8", "surrogatepass")).digest()
