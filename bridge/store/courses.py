"""The courses that launches came from: where an LTI platform lists their members."""

from __future__ import annotations

import hashlib
from typing import Final

from sqlalchemy import Engine, bindparam, delete, select

from bridge.store.engine import autocommit
from bridge.store.insert_or_ignore import insert_or_ignore
from bridge.store.schema import course

_KNOWS: Final = select(course.c.key).where(course.c.key == bindparam("asked"))
_LEARN: Final = insert_or_ignore(course)
_ALL: Final = (
    select(course.c.members)
    .where(course.c.connection == bindparam("asked"))
    .order_by(course.c.first_seen, course.c.members)
)


def learn(engine: Engine, connection: str, members: str, now: float) -> bool:
    """Remember where the members of a course are listed; True where that is new.

    A query that only names one link of the course (`rlid`) makes no other course: the first one stays.
    """
    key = _key(connection, members)
    with autocommit(engine) as database:
        if database.execute(_KNOWS, {"asked": key}).one_or_none() is not None:
            return False
        row = {"key": key, "connection": connection, "members": members, "first_seen": now}
        return database.execute(_LEARN[engine.dialect.name], row).first() is not None


def learned(engine: Engine, connection: str) -> list[str]:
    """The member lists of a connection's courses, in the order they came."""
    with autocommit(engine) as database:
        return list(database.execute(_ALL, {"asked": connection}).scalars())


def forget(engine: Engine, connection: str, members: str) -> bool:
    """Forget one course; False where it was not known."""
    with autocommit(engine) as database:
        return bool(database.execute(delete(course).where(course.c.key == _key(connection, members))).rowcount)


def _key(connection: str, members: str) -> bytes:
    return hashlib.sha256(f"{connection}\n{_without_link(members)}".encode()).digest()


def _without_link(members: str) -> str:
    address, _, query = members.partition("?")
    kept = [part for part in query.split("&") if part and not part.startswith("rlid=")]
    return f"{address}?{'&'.join(kept)}" if kept else address
