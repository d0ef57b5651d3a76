"""How often something was tried, counted for all processes together in one statement a time."""

from __future__ import annotations

import hashlib
from typing import Any, Final

from sqlalchemy import Engine, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite

from bridge.store.engine import autocommit
from bridge.store.purging import Purge
from bridge.store.schema import rate

_READ: Final = select(rate.c.count).where(rate.c.key == bindparam("asked"))
_PURGE: Final = Purge(rate, rate.c.until <= bindparam("now"))


def _upsert(dialect: Any) -> Any:
    return (
        dialect.insert(rate)
        .on_conflict_do_update(index_elements=[rate.c.key], set_={"count": rate.c.count + 1})
        .returning(rate.c.count)
    )


_COUNT: Final = {"sqlite": _upsert(sqlite), "postgresql": _upsert(postgresql)}


def count(engine: Engine, what: str, who: str, *, now: float, span: float) -> int:
    """Note one more try of `what` by `who`; how many there were within this span of `span` seconds."""
    row = {"key": _key(what, who, now, span), "count": 1, "until": _ends(now, span)}
    with autocommit(engine) as connection:
        return int(connection.execute(_COUNT[engine.dialect.name], row).scalar_one())


def counted(engine: Engine, what: str, who: str, *, now: float, span: float) -> int:
    """How many tries were noted, without noting one."""
    with autocommit(engine) as connection:
        found = connection.execute(_READ, {"asked": _key(what, who, now, span)}).scalar_one_or_none()
    return int(found or 0)


def purge(engine: Engine, *, now: float) -> int:
    """Forget the spans that are over; how many rows."""
    return _PURGE.run(engine, {"now": now})


def _ends(now: float, span: float) -> float:
    return (now // span + 1) * span


def _key(what: str, who: str, now: float, span: float) -> bytes:
    text = f"{what}\n{_ends(now, span)}\n{who}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
