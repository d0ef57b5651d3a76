"""Whom launches named and nobody was found for: one row for each connection and student ID."""

from __future__ import annotations

from typing import Final, NamedTuple

from sqlalchemy import Engine, Executable, bindparam, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from bridge.contracts import Student
from bridge.identifiers import is_student_id, normalize
from bridge.store.engine import autocommit
from bridge.store.purging import Purge
from bridge.store.schema import unmatched
from bridge.store.text import storable

MOST: Final = 10_000
"""Rows of one connection: whoever makes up IDs must not fill the disk."""


class UnmatchedRow(NamedTuple):
    """One student. Times are Unix seconds."""

    connection: str
    student_id: str
    first_name: str
    last_name: str
    outcome: str
    """`no_match` or `ambiguous`, the last time."""
    times: int
    first_seen: float
    last_seen: float


_COLUMNS: Final = [unmatched.c[name] for name in UnmatchedRow._fields]
_SIZE: Final = select(func.count()).select_from(unmatched).where(unmatched.c.connection == bindparam("asked"))
_NEWEST: Final = select(*_COLUMNS).order_by(unmatched.c.last_seen.desc(), unmatched.c.student_id).limit(bindparam("n"))
_OF_STUDENT: Final = select(*_COLUMNS).where(unmatched.c.student_id == bindparam("asked"))
_KNOWN: Final = select(unmatched.c.times).where(
    unmatched.c.connection == bindparam("connection_"), unmatched.c.student_id == bindparam("id_")
)
_FORGET: Final = delete(unmatched).where(
    unmatched.c.connection == bindparam("connection_"), unmatched.c.student_id == bindparam("id_")
)
_FORGET_OLD: Final = Purge(unmatched, unmatched.c.last_seen < bindparam("before"))


def _note_statement(dialect: type[sqlite.Insert] | type[postgresql.Insert]) -> Executable:
    row = dialect(unmatched)
    changed = {name: row.excluded[name] for name in ("first_name", "last_name", "outcome", "last_seen")}
    statement: Executable = row.on_conflict_do_update(
        index_elements=["connection", "student_id"], set_={**changed, "times": unmatched.c.times + 1}
    )
    return statement


_NOTE: Final = {"sqlite": _note_statement(sqlite.Insert), "postgresql": _note_statement(postgresql.Insert)}


def note(engine: Engine, connection: str, student: Student, outcome: str, *, now: float) -> None:
    """Count one more launch of a student whom nobody was found for. What can be no ID is left out, and so are new
    students of a connection that has `MOST` already.
    """
    student_id = normalize(student.student_id)
    if not is_student_id(student_id):
        return
    names = {"first_name": storable(student.first_name, 255), "last_name": storable(student.last_name, 255)}
    row = {"connection": connection, "student_id": student_id, **names, "outcome": outcome}
    with autocommit(engine) as database:
        known = database.execute(_KNOWN, {"connection_": connection, "id_": student_id}).one_or_none()
        if known is None and database.execute(_SIZE, {"asked": connection}).scalar_one() >= MOST:
            return
        seen = {"times": 1, "first_seen": now, "last_seen": now}
        database.execute(_NOTE[engine.dialect.name], {**row, **seen})


def newest(engine: Engine, last: int) -> list[UnmatchedRow]:
    """The `last` students, the one seen last first."""
    with autocommit(engine) as database:
        return [UnmatchedRow(*row) for row in database.execute(_NEWEST, {"n": last})]


def of_student(engine: Engine, student_id: str) -> list[UnmatchedRow]:
    """The rows of a student ID, one for each connection that named it."""
    with autocommit(engine) as database:
        return [UnmatchedRow(*row) for row in database.execute(_OF_STUDENT, {"asked": normalize(student_id)})]


def forget(engine: Engine, connection: str, student_id: str) -> None:
    """The student has been found."""
    with autocommit(engine) as database:
        database.execute(_FORGET, {"connection_": connection, "id_": normalize(student_id)})


def forget_before(engine: Engine, time: float) -> int:
    """Delete who was not seen since `time`; how many."""
    return _FORGET_OLD.run(engine, {"before": time})
