"""Whom launches named and nobody was found for: one row for each connection and student ID."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

from sqlalchemy import Engine, Executable, and_, bindparam, case, delete, func, literal_column, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from bridge.contracts import Student
from bridge.identifiers import is_student_id, normalize
from bridge.store.engine import autocommit
from bridge.store.purging import Purge
from bridge.store.schema import unmatched
from bridge.store.text import folded, searched, storable

MOST: Final = 10_000
"""Rows of one connection: whoever makes up IDs must not fill the disk."""


class State(StrEnum):
    """What has been decided about a student."""

    WAITING = "waiting"
    IGNORED = "ignored"
    """An administrator wants to see them no more; further launches change nothing about that."""
    RESOLVED = "resolved"
    """Somebody is found for them by now. A launch that finds nobody again lets them wait again."""


class Position(NamedTuple):
    """Where a page of the list ended."""

    last_seen: float
    connection: str
    student_id: str


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

    @property
    def position(self) -> Position:
        return Position(self.last_seen, self.connection, self.student_id)


_COLUMNS: Final = [unmatched.c[name] for name in UnmatchedRow._fields]
_SIZE: Final = (
    select(func.count())
    .select_from(unmatched)
    .where(unmatched.c.connection == bindparam("asked"), unmatched.c.state != State.RESOLVED)
)
_OF_STUDENT: Final = select(*_COLUMNS).where(
    unmatched.c.student_id == bindparam("asked"), unmatched.c.state != State.RESOLVED
)
_KNOWN: Final = select(unmatched.c.times).where(
    unmatched.c.connection == bindparam("connection_"), unmatched.c.student_id == bindparam("id_")
)
_ONE: Final = (unmatched.c.connection == bindparam("connection_"), unmatched.c.student_id == bindparam("id_"))
_FIND: Final = select(*_COLUMNS).where(*_ONE)
_FORGET: Final = delete(unmatched).where(*_ONE)
_MARK: Final = update(unmatched).where(*_ONE).values(state=bindparam("to"))
_FORGET_OLD: Final = Purge(unmatched, unmatched.c.last_seen < bindparam("before"))


def _note_statement(dialect: type[sqlite.Insert] | type[postgresql.Insert]) -> Executable:
    row = dialect(unmatched)
    changed = {name: row.excluded[name] for name in ("first_name", "last_name", "outcome", "last_seen", "searched")}
    state = case((unmatched.c.state == State.IGNORED, State.IGNORED), else_=State.WAITING)
    statement: Executable = row.on_conflict_do_update(
        index_elements=["connection", "student_id"], set_={**changed, "times": unmatched.c.times + 1, "state": state}
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
        seen = {"times": 1, "first_seen": now, "last_seen": now, "state": State.WAITING}
        seen["searched"] = searched(student_id, names["first_name"], names["last_name"])
        database.execute(_NOTE[engine.dialect.name], {**row, **seen})


def newest(
    engine: Engine,
    last: int,
    after: Position | None = None,
    state: State = State.WAITING,
    connection: str | None = None,
    outcome: str | None = None,
    text: str = "",
) -> list[UnmatchedRow]:
    """The `last` students, the one seen last first; `after`: those that follow on it; `text` stands in their ID or
    in their name, in either order and in any letter case."""
    u = unmatched.c
    wanted = folded(text)
    # By an index each row is fetched for itself: ten times as long as reading them all where few are meant.
    is_read_whole = bool(wanted) or outcome is not None
    last_seen = u.last_seen + literal_column("0") if is_read_whole else u.last_seen
    statement = select(*_COLUMNS).where((u.state + literal_column("''") if is_read_whole else u.state) == state)
    if connection is not None:
        statement = statement.where(u.connection == connection)
    if outcome is not None:
        statement = statement.where(u.outcome == outcome)
    if wanted:
        # One without, of a release that knew no such column, is rather shown than hidden.
        statement = statement.where(or_(u.searched.contains(wanted, autoescape=True), u.searched == ""))
    if after is not None:
        further = or_(u.connection > after.connection, and_(u.connection == after.connection, u.student_id > after[2]))
        statement = statement.where(
            last_seen <= after.last_seen,  # which alone an index answers
            or_(u.last_seen < after.last_seen, and_(u.last_seen == after.last_seen, further)),
        )
    ordered = statement.order_by(last_seen.desc(), u.connection, u.student_id).limit(last)
    with autocommit(engine) as database:
        return [UnmatchedRow(*row) for row in database.execute(ordered)]


def find(engine: Engine, connection: str, student_id: str) -> UnmatchedRow | None:
    """The row of one student, whatever its state."""
    with autocommit(engine) as database:
        row = database.execute(_FIND, {"connection_": connection, "id_": normalize(student_id)}).one_or_none()
    return UnmatchedRow(*row) if row is not None else None


def mark(engine: Engine, connection: str, student_id: str, state: State) -> bool:
    """Say what has been decided about a student; False where there is none."""
    values = {"connection_": connection, "id_": normalize(student_id), "to": state}
    with autocommit(engine) as database:
        return database.execute(_MARK, values).rowcount == 1


def of_student(engine: Engine, student_id: str) -> list[UnmatchedRow]:
    """The rows of a student ID for whom nobody is found yet, one for each connection that named it."""
    with autocommit(engine) as database:
        return [UnmatchedRow(*row) for row in database.execute(_OF_STUDENT, {"asked": normalize(student_id)})]


def forget(engine: Engine, connection: str, student_id: str) -> None:
    """Take the student off the list for good."""
    with autocommit(engine) as database:
        database.execute(_FORGET, {"connection_": connection, "id_": normalize(student_id)})


def forget_before(engine: Engine, time: float) -> int:
    """Delete who was not seen since `time`; how many."""
    return _FORGET_OLD.run(engine, {"before": time})
