"""Visits: matched launches to whose LMS progress can be reported, and the last report of OttoLearn on each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from sqlalchemy import Engine, Row, and_, bindparam, insert, or_, select, update

from bridge.store.engine import autocommit
from bridge.store.purging import Purge
from bridge.store.schema import progress, visit

WAITING, DELIVERED, REFUSED = "waiting", "delivered", "refused"
NEVER = 9e15
"""A due time that does not come: the LMS's page asks by itself."""


ONE_REQUEST = 30.0
"""Seconds within which a launch and its visit are written, one after the other."""


class Visit(NamedTuple):
    """One launch. `channel` is encrypted, and empty where the page asks; times are Unix seconds."""

    id: int
    time: float
    connection: str
    kind: str
    student_id: str
    user_id: int
    course: str
    channel: str
    ended_at: float | None = None


class Reported(NamedTuple):
    """What OttoLearn last said of a visit. `reported_seconds` is how much of `seconds` the LMS has."""

    id: int
    visit: int
    revision: int
    progress: float
    mastered: bool
    seconds: int
    reported_seconds: int
    received_at: float
    state: str
    attempts: int
    due_at: float
    detail: str


_VISIT: Final = [visit.c[name] for name in Visit._fields]
_TOLD: Final = [progress.c[name] for name in Reported._fields]
_ADD: Final = insert(visit).returning(visit.c.id)
_BY_ID: Final = select(*_VISIT).where(visit.c.id == bindparam("asked"))
_LOCK: Final = select(visit.c.id).where(visit.c.id == bindparam("asked")).with_for_update()
_NEWEST_OF: Final = (
    select(*_VISIT)
    .where(
        visit.c.connection == bindparam("connection"),
        or_(bindparam("course") == "", visit.c.course == bindparam("course")),
    )
    .order_by(visit.c.id.desc())
    .limit(1)
)
_OF_STUDENT: Final = visit.c.student_id == bindparam("student")
_OF_USER: Final = visit.c.user_id == bindparam("user")
_OF_VISIT: Final = select(*_TOLD).where(progress.c.visit == bindparam("asked"))
_PUT: Final = insert(progress)
_CHANGE: Final = update(progress).where(progress.c.id == bindparam("row"))
_DUE: Final = (
    select(*_TOLD)
    .where(progress.c.state == WAITING, progress.c.due_at <= bindparam("now"))
    .order_by(progress.c.due_at)
    .limit(bindparam("most"))
)
_CLAIM: Final = (
    update(progress)
    .where(
        progress.c.id == bindparam("row"),
        progress.c.state == WAITING,
        progress.c.revision == bindparam("seen"),
        progress.c.due_at == bindparam("was_due"),
    )
    .values(due_at=bindparam("until"), attempts=progress.c.attempts + 1)
)
_UNDELIVERED: Final = (
    select(progress.c.id)
    .join(visit, visit.c.id == progress.c.visit)
    .where(
        progress.c.state == WAITING,
        visit.c.connection == bindparam("connection"),
        visit.c.student_id == bindparam("student"),
        visit.c.user_id == bindparam("user"),
        visit.c.course == bindparam("course"),
    )
    .order_by(progress.c.id.desc())
    .limit(1)
)
_MASTERED: Final = (
    select(progress.c.id)
    .join(visit, visit.c.id == progress.c.visit)
    .where(
        progress.c.mastered.is_(True),
        progress.c.state == DELIVERED,
        visit.c.id != bindparam("asked"),
        visit.c.connection == bindparam("connection"),
        visit.c.kind == bindparam("kind"),
        visit.c.student_id == bindparam("student"),
        visit.c.course == bindparam("course"),
    )
    .limit(1)
)
_IDLE: Final = (
    select(*_VISIT)
    .outerjoin(progress, progress.c.visit == visit.c.id)
    .where(
        visit.c.ended_at.is_(None),
        visit.c.time < bindparam("before"),
        visit.c.kind.in_(bindparam("kinds", expanding=True)),
        or_(progress.c.id.is_(None), and_(progress.c.state != WAITING, progress.c.received_at < bindparam("before"))),
    )
    .order_by(visit.c.id)
    .limit(bindparam("most"))
)
_END: Final = (
    update(visit).where(visit.c.id == bindparam("asked"), visit.c.ended_at.is_(None)).values(ended_at=bindparam("now"))
)
_NEWEST: Final = (
    select(*_VISIT, *_TOLD)
    .join(progress, progress.c.visit == visit.c.id)
    .order_by(progress.c.received_at.desc(), progress.c.id.desc())
    .limit(bindparam("last"))
)
_REFUSED: Final = (
    select(*_VISIT, *_TOLD)
    .join(progress, progress.c.visit == visit.c.id)
    .where(progress.c.state == REFUSED)
    .order_by(progress.c.id.desc())
)
_AGAIN: Final = (
    update(progress)
    .where(progress.c.id == bindparam("row"), progress.c.state == REFUSED)
    .values(state=WAITING, due_at=bindparam("now"), attempts=0)
)
_OF_LAUNCH: Final = (
    select(*_TOLD)
    .join(visit, visit.c.id == progress.c.visit)
    .where(
        visit.c.connection == bindparam("connection"),
        visit.c.kind == bindparam("kind"),
        visit.c.student_id == bindparam("student"),
        visit.c.time.between(bindparam("earliest"), bindparam("latest")),
    )
    .order_by(visit.c.id.desc())
    .limit(1)
)
_FORGET: Final = Purge(visit, visit.c.time < bindparam("before"))


def add(engine: Engine, row: Visit, *, due_at: float) -> int:
    """Note a visit; its number. What the LMS was not told in an earlier visit of the same user to the same course goes
    with it.
    """
    values = {name: value for name, value in row._asdict().items() if name != "id"}
    with engine.begin() as connection:
        number = int(connection.execute(_ADD, values).scalar_one())
        person = {"connection": row.connection, "student": row.student_id, "user": row.user_id, "course": row.course}
        left = connection.execute(_UNDELIVERED, person).scalar_one_or_none()
        if left is not None:
            moved = {"visit": number, "due_at": due_at, "reported_seconds": 0, "attempts": 0}
            connection.execute(_CHANGE.values(**moved), {"row": left})
    return number


def by_id(engine: Engine, number: int) -> Visit | None:
    """The visit of this number."""
    with autocommit(engine) as connection:
        row = connection.execute(_BY_ID, {"asked": number}).one_or_none()
    return None if row is None else Visit(*row)


def newest_of(engine: Engine, connection: str, student_id: str, user_id: int, course: str) -> Visit | None:
    """The last visit of a person, named by one of the ids, or by both that must be theirs; to `course`, or to any
    where that is empty.
    """
    asked = {"connection": connection, "student": student_id, "user": user_id, "course": course}
    named = [clause for clause, given in ((_OF_STUDENT, student_id), (_OF_USER, user_id)) if given]
    if not named:
        return None
    with autocommit(engine) as opened:
        row = opened.execute(_NEWEST_OF.where(*named), asked).one_or_none()
    return None if row is None else Visit(*row)


def reported_of(engine: Engine, number: int) -> Reported | None:
    """What was last said of a visit."""
    with autocommit(engine) as connection:
        row = connection.execute(_OF_VISIT, {"asked": number}).one_or_none()
    return None if row is None else Reported(*row)


def mastered_elsewhere(engine: Engine, row: Visit) -> bool:
    """Whether the LMS was told in another visit of this person to the same course that it is mastered."""
    asked = {"asked": row.id, "connection": row.connection, "kind": row.kind, "course": row.course}
    with autocommit(engine) as connection:
        return connection.execute(_MASTERED, {**asked, "student": row.student_id}).one_or_none() is not None


def reported_of_launch(engine: Engine, connection: str, kind: str, student_id: str, time: float) -> Reported | None:
    """What was last said of the visit that began with a person's launch at `time`; None where nothing was."""
    asked = {"connection": connection, "kind": kind, "student": student_id}
    moments = {"earliest": time - ONE_REQUEST, "latest": time + ONE_REQUEST}
    with autocommit(engine) as opened:
        row = opened.execute(_OF_LAUNCH, asked | moments).one_or_none()
    return None if row is None else Reported(*row)


def report(
    engine: Engine, number: int, *, progress: float, mastered: bool, seconds: int, now: float, due_at: float
) -> Reported:
    """Keep what OttoLearn says of a visit, in place of what it said before; mastered once is mastered."""
    with engine.begin() as connection:
        connection.execute(_LOCK, {"asked": number})  # of two at once the second must see what the first has kept
        found = connection.execute(_OF_VISIT, {"asked": number}).one_or_none()
        old = Reported(*found) if found else Reported(0, number, 0, 0.0, False, 0, 0, now, WAITING, 0, due_at, "")
        new = old._replace(
            revision=old.revision + 1,
            progress=1.0 if mastered or old.mastered else progress,
            mastered=mastered or old.mastered,
            seconds=max(seconds, old.seconds),
            received_at=now,
            state=WAITING,
            attempts=0,
            due_at=due_at,
            detail="",
        )
        values = {name: value for name, value in new._asdict().items() if name not in {"id", "visit"}}
        if found:  # it stays with its visit, or with the next one, which may have taken it along by now
            connection.execute(_CHANGE.values(**values), {"row": old.id})
        else:
            connection.execute(_PUT, {**values, "visit": number})
    return new


def claim_due(engine: Engine, *, now: float, until: float, most: int) -> list[Reported]:
    """What is due, for this process alone until `until`; one statement a row decides who has it."""
    with autocommit(engine) as connection:
        due = [Reported(*row) for row in connection.execute(_DUE, {"now": now, "most": most})]
        return [
            row._replace(due_at=until, attempts=row.attempts + 1)
            for row in due
            if connection.execute(
                _CLAIM, {"row": row.id, "seen": row.revision, "was_due": row.due_at, "until": until}
            ).rowcount
        ]


def is_any_due(engine: Engine, *, now: float, kinds: Sequence[str], idle_since: float) -> bool:
    """Whether there is anything for `claim_due`, or for `idle` before `idle_since`."""
    with autocommit(engine) as connection:
        return (
            connection.execute(_DUE, {"now": now, "most": 1}).first() is not None
            or connection.execute(_IDLE, {"kinds": list(kinds), "before": idle_since, "most": 1}).first() is not None
        )


def settle(engine: Engine, row: Reported, state: str, *, detail: str = "", due_at: float = NEVER) -> None:
    """How a delivery ended. Where OttoLearn has said more meanwhile, that stays to be delivered."""
    reported = {"reported_seconds": row.seconds} if state == DELIVERED else {}
    ended = {"state": state, "detail": detail[:255], "due_at": due_at}
    with autocommit(engine) as connection:
        if reported:
            connection.execute(_CHANGE.values(**reported), {"row": row.id})
        connection.execute(_CHANGE.where(progress.c.revision == row.revision).values(**ended), {"row": row.id})


def refused(engine: Engine, size: int, *, before: int | None = None) -> list[tuple[Visit, Reported]]:
    """`size` deliveries that the LMS did not take or that were given up, older than this one, newest first."""
    statement = _REFUSED if before is None else _REFUSED.where(progress.c.id < before)
    with autocommit(engine) as connection:
        return [_both(row) for row in connection.execute(statement.limit(size))]


def channels(engine: Engine, after: int, most: int) -> list[tuple[int, str]]:
    """The number of each visit after this one whose LMS is told, and how, encrypted."""
    statement = select(visit.c.id, visit.c.channel).where(visit.c.id > after, visit.c.channel != "")
    with autocommit(engine) as connection:
        found = connection.execute(statement.order_by(visit.c.id).limit(most))
        return [(int(number), channel) for number, channel in found]


def change_channels(engine: Engine, channels: Sequence[tuple[int, str]]) -> None:
    """Keep these, encrypted otherwise, in place of those before."""
    statement = update(visit).where(visit.c.id == bindparam("which")).values(channel=bindparam("text"))
    with engine.begin() as connection:
        connection.execute(statement, [{"which": number, "text": text} for number, text in channels])


def try_again(engine: Engine, number: int, now: float) -> bool:
    """Have what was refused delivered once more; False where somebody has asked for that already."""
    with autocommit(engine) as connection:
        return bool(connection.execute(_AGAIN, {"row": number, "now": now}).rowcount)


def idle(engine: Engine, *, kinds: Sequence[str], before: float, most: int) -> list[Visit]:
    """Visits of these kinds that began before `before`, of which nothing was heard since, and that were not ended."""
    with autocommit(engine) as connection:
        return [
            Visit(*row) for row in connection.execute(_IDLE, {"kinds": list(kinds), "before": before, "most": most})
        ]


def end(engine: Engine, number: int, now: float) -> bool:
    """Mark a visit as ended; True for the one who does."""
    with autocommit(engine) as connection:
        return bool(connection.execute(_END, {"asked": number, "now": now}).rowcount)


def newest(engine: Engine, last: int) -> list[tuple[Visit, Reported]]:
    """The last things OttoLearn said, newest first."""
    with autocommit(engine) as connection:
        return [_both(row) for row in connection.execute(_NEWEST, {"last": last})]


def forget_before(engine: Engine, time: float) -> int:
    """Delete the visits older than `time`, with what was said of them; how many."""
    return _FORGET.run(engine, {"before": time})


def _both(row: Row[tuple[object, ...]]) -> tuple[Visit, Reported]:
    return Visit(*row[: len(_VISIT)]), Reported(*row[len(_VISIT) :])  # type: ignore[arg-type]
