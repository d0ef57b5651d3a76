"""Scans OttoLearn's users a range at a time for those whose record contains a text: for searches without an index."""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec
from sqlalchemy import Engine, bindparam, func, select

from bridge.contracts import Learner
from bridge.store.engine import autocommit
from bridge.store.learners import current
from bridge.store.schema import learner


class Window(NamedTuple):
    """What is in one stretch."""

    learners: list[Learner]
    """Those in whose record the text may stand, by user id."""
    last: int | None
    """The last user of the stretch; None where there is nobody any more."""


_STRETCH: Final = (
    select(learner.c.user_id)
    .where(learner.c.generation == current, learner.c.user_id > bindparam("after"))
    .order_by(learner.c.user_id)
    .limit(bindparam("rows"))
    .subquery()
)
_LAST: Final = select(func.max(_STRETCH.c.user_id))
_ROWS: Final = (
    select(learner.c.user_id, learner.c.active, learner.c.attributes)
    .where(learner.c.generation == current, learner.c.user_id > bindparam("after"))
    .where(learner.c.user_id <= bindparam("last"))
    .order_by(learner.c.user_id)
    .limit(bindparam("most"))
)
_CONTAINING: Final = {
    "sqlite": _ROWS.where(learner.c.attributes.like(bindparam("pattern"), escape="\\")),
    "postgresql": _ROWS.where(learner.c.attributes.ilike(bindparam("pattern"), escape="\\")),
}
_read: Final = msgspec.json.Decoder(dict[str, str]).decode


def window(engine: Engine, after: int, rows: int, fragment: str, most: int) -> Window:
    """The `rows` users after this one, without those in whose record `fragment` does not stand; the stretch ends with
    the `most`th of those in whose record it does.

    `fragment` is ASCII, in any letter case; the records are JSON, so it has no quotation mark and no backslash.
    """
    with autocommit(engine) as connection:
        last = connection.execute(_LAST, {"after": after, "rows": rows}).scalar_one()
        if last is None:
            return Window([], None)
        literal = fragment.replace("%", "\\%").replace("_", "\\_")
        statement = _CONTAINING[engine.dialect.name] if fragment else _ROWS
        values = {"after": after, "last": last, "most": most, **({"pattern": f"%{literal}%"} if fragment else {})}
        found = connection.execute(statement, values).all()
    last = found[-1].user_id if len(found) == most else last
    return Window([Learner(user_id, bool(active), _read(text)) for user_id, active, text in found], last)
