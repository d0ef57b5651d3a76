"""How fast all processes together call another system: one row for each system, changed by one statement a time."""

from __future__ import annotations

import hashlib
from typing import Any, Final

from sqlalchemy import Engine, bindparam, case, select
from sqlalchemy.dialects import postgresql, sqlite

from bridge.store.engine import autocommit
from bridge.store.schema import call_budget

_b: Final = call_budget.c
_PAUSED: Final = select(_b.paused_until).where(_b.key == bindparam("asked"))


def _later(one: Any, other: Any) -> Any:
    return case((one > other, one), else_=other)


def _reserve(dialect: Any) -> Any:
    begin = _later(_later(_b.next_at, _b.paused_until), bindparam("now"))
    return (
        dialect.insert(call_budget)
        .values(key=bindparam("key"), next_at=bindparam("now") + bindparam("span"), paused_until=0.0)
        .on_conflict_do_update(index_elements=[_b.key], set_={"next_at": begin + bindparam("span")})
        .returning(_b.next_at)
    )


def _pause(dialect: Any) -> Any:
    row = dialect.insert(call_budget).values(key=bindparam("key"), next_at=0.0, paused_until=bindparam("until"))
    until = _later(_b.paused_until, row.excluded.paused_until)
    return row.on_conflict_do_update(index_elements=[_b.key], set_={"paused_until": until})


_RESERVE: Final = {"sqlite": _reserve(sqlite), "postgresql": _reserve(postgresql)}
_PAUSE: Final = {"sqlite": _pause(sqlite), "postgresql": _pause(postgresql)}


def reserve(engine: Engine, system: str, *, now: float, span: float) -> float:
    """Take the next `span` seconds of a system for calls of ours; when they begin, `now` at the earliest."""
    row = {"key": _key(system), "now": now, "span": span}
    with autocommit(engine) as connection:
        return float(connection.execute(_RESERVE[engine.dialect.name], row).scalar_one()) - span


def pause(engine: Engine, system: str, *, until: float) -> None:
    """Let nobody call the system before `until`."""
    with autocommit(engine) as connection:
        connection.execute(_PAUSE[engine.dialect.name], {"key": _key(system), "until": until})


def paused_until(engine: Engine, system: str) -> float:
    """Until when nobody is to call the system; a time that has passed, or 0, where anybody may."""
    with autocommit(engine) as connection:
        return float(connection.execute(_PAUSED, {"asked": _key(system)}).scalar_one_or_none() or 0.0)


def _key(system: str) -> bytes:
    return hashlib.sha256(system.encode("utf-8", "surrogatepass")).digest()
