"""Who is signed in to the administrators' pages; only digests of the cookies are kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Final, NamedTuple

from sqlalchemy import Engine, bindparam, delete, func, insert, select, update

from bridge.store.admin_schema import admin_session as table
from bridge.store.engine import autocommit
from bridge.store.prepared import Prepared
from bridge.store.purging import Purge


class SessionRow(NamedTuple):
    """One session. Times are Unix seconds; `until` is its end, whatever is done in it."""

    way: str
    who: str
    role: str
    begun_at: float
    seen_at: float
    until: float
    messages: str = "[]"


class PersonRow(NamedTuple):
    """Somebody who is signed in. Times are Unix seconds."""

    way: str
    who: str
    role: str
    sessions: int
    begun_at: float
    """When the newest session began."""
    seen_at: float


_COLUMNS: Final = [table.c[name] for name in SessionRow._fields]
_FIND: Final = Prepared(select(*_COLUMNS).where(table.c.key == bindparam("asked")))
_PURGE: Final = Purge(table, table.c.until <= bindparam("now"))


def add(engine: Engine, token: str, row: SessionRow) -> None:
    """Store a session under the digest of `token`, which must be random."""
    with autocommit(engine) as connection:
        connection.execute(insert(table), {**row._asdict(), "key": _digest(token)})


def find(engine: Engine, token: str) -> SessionRow | None:
    """The session of this token, over or not."""
    rows = _FIND.rows(engine, {"asked": _digest(token)})
    return SessionRow(*rows[0]) if rows else None


def note_use(engine: Engine, token: str, now: float) -> None:
    """Note that somebody did something."""
    _update(engine, token, {"seen_at": now})


def keep_messages(engine: Engine, token: str, messages: Sequence[Sequence[str]]) -> None:
    """Keep what the next page is to say, instead of what was kept."""
    _update(engine, token, {"messages": json.dumps(messages)})


def remove(engine: Engine, token: str) -> None:
    """End a session."""
    with autocommit(engine) as connection:
        connection.execute(delete(table).where(table.c.key == _digest(token)))


def people(engine: Engine, *, now: float, seen_since: float) -> list[PersonRow]:
    """The people who are signed in and were active since then."""
    living = (table.c.until > now, table.c.seen_at > seen_since)
    statement = select(
        table.c.way,
        table.c.who,
        func.max(table.c.role),
        func.count(),
        func.max(table.c.begun_at),
        func.max(table.c.seen_at),
    )
    with autocommit(engine) as connection:
        return [
            PersonRow(*row) for row in connection.execute(statement.where(*living).group_by(table.c.way, table.c.who))
        ]


def remove_all(engine: Engine, way: str, who: str) -> int:
    """End every session of somebody; how many there were."""
    with autocommit(engine) as connection:
        return connection.execute(delete(table).where(table.c.way == way, table.c.who == who)).rowcount


def purge(engine: Engine, *, now: float) -> int:
    """Forget the sessions that are over; how many."""
    return _PURGE.run(engine, {"now": now})


def _update(engine: Engine, token: str, values: dict[str, object]) -> None:
    with autocommit(engine) as connection:
        connection.execute(update(table).where(table.c.key == _digest(token)).values(**values))


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
