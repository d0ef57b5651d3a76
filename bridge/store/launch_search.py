"""Finding launches among millions: every question is answered by an index, a page at a time."""

from __future__ import annotations

from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, Engine, or_, select, text, tuple_

from bridge.contracts import Outcome
from bridge.store.engine import autocommit
from bridge.store.launch_lines import LaunchLine
from bridge.store.schema import launch

FAILED: Final = "failed"
"""Asks for whoever did not get in, whatever the outcome."""
_l: Final = launch.c
_COLUMNS: Final = [_l[name] for name in LaunchLine._fields]
_NOT_IN: Final = text(f"launch.outcome <> '{Outcome.MATCHED.value}'")
"""As the index of those has it: both databases take such an index only for this very condition."""


class Wanted(NamedTuple):
    """Which launches are asked for; what is empty is not asked. Times are Unix seconds."""

    connection: str = ""
    outcome: str = ""
    students: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    since: float = 0.0
    until: float = 0.0
    reason: str = ""


class Found(NamedTuple):
    """A launch, and the number by which it stands among those of one time."""

    id: int
    line: LaunchLine

    @property
    def key(self) -> tuple[float, int]:
        """Where it stands in the list."""
        return self.line.time, self.id


def newest(
    engine: Engine, wanted: Wanted, most: int, *, key: tuple[float, int] | None = None, backward: bool = False
) -> list[Found]:
    """The first `most` launches behind the one with this key, newest first; with `backward` those in front of it,
    nearest first."""
    place = tuple_(_l.time, _l.id)
    statement = select(_l.id, *_COLUMNS).limit(most)
    statement = statement.order_by(*((_l.time, _l.id) if backward else (_l.time.desc(), _l.id.desc())))
    if key is not None:
        statement = statement.where(place > tuple_(*key) if backward else place < tuple_(*key))
    for condition in _conditions(wanted):
        statement = statement.where(condition)
    if wanted.reason or (wanted.outcome and wanted.outcome != Outcome.MATCHED):
        statement = statement.where(_NOT_IN)
    with autocommit(engine) as connection:
        return [Found(row[0], LaunchLine(*row[1:])) for row in connection.execute(statement)]


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    found = []
    if wanted.connection:
        found.append(_l.connection == wanted.connection)
    if wanted.outcome and wanted.outcome != FAILED:
        found.append(_l.outcome == wanted.outcome)
    if wanted.students or wanted.references:
        found.append(or_(_l.student_id.in_(wanted.students), _l.reference.in_(wanted.references)))
    if wanted.reason:
        found.append(_l.reason == wanted.reason)
    if wanted.since:
        found.append(_l.time >= wanted.since)
    if wanted.until:
        found.append(_l.time < wanted.until)
    return found
