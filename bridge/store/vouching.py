"""All that is known of a launch before anybody is looked up, in one statement: an administrator's link, a dispute over
the student ID, and whom the LMS's record was before.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from sqlalchemy import BigInteger, Double, Engine, String, bindparam, cast, literal_column, null, select, union_all

from bridge.identifiers import is_student_id, normalize
from bridge.store.people import Person, record_key
from bridge.store.prepared import Prepared
from bridge.store.schema import alias, disputed, person


class Known(NamedTuple):
    """What is known."""

    linked: int | None = None
    """The user with whom an administrator has linked the student ID."""
    dispute: str = ""
    """One of `bridge.store.disputes.REASONS`; empty where there is none."""
    person: Person | None = None


_LINK, _DISPUTE, _PERSON = 1, 2, 3
_NO_TEXT: Final = cast(null(), String)
_NO_TIME: Final = cast(null(), Double)
_FIND: Final = Prepared(
    union_all(
        select(
            literal_column(str(_LINK)),
            *(_NO_TEXT, _NO_TEXT, alias.c.user_id),
            *(_NO_TIME, _NO_TIME, _NO_TIME),
        ).where(alias.c.connection == bindparam("name"), alias.c.student_id == bindparam("sent")),
        select(
            literal_column(str(_DISPUTE)),
            *(disputed.c.reason, _NO_TEXT, cast(null(), BigInteger)),
            *(_NO_TIME, _NO_TIME, _NO_TIME),
        ).where(disputed.c.connection == bindparam("name"), disputed.c.key.in_([bindparam("own"), bindparam("asked")])),
        select(
            literal_column(str(_PERSON)),
            *(person.c.student_id, person.c.origin, person.c.user_id),
            *(person.c.first_seen, person.c.bound_at, person.c.last_seen),
        ).where(
            person.c.connection == bindparam("name"),
            person.c.door == bindparam("door"),
            person.c.record == bindparam("record"),
        ),
    )
)


def of_launch(engine: Engine, connection: str, door: str, record: str, sent: str, keys: tuple[str, str]) -> Known:
    """What is known of a launch of `connection` that names `record`, or no record, and the student ID `sent`.

    `keys`: the `bridge.identifiers.key` of that ID, and that of the one to look up.
    """
    asked = normalize(sent)
    if not is_student_id(asked):
        return Known()
    kept = record_key(record) if record else ""
    values = {"name": connection, "door": door, "record": kept, "sent": asked, "own": keys[0], "asked": keys[1]}
    return _read(_FIND.rows(engine, values), connection, door, kept)


def _read(rows: list[tuple[Any, ...]], connection: str, door: str, record: str) -> Known:
    known = Known()
    for what, text, origin, number, first, middle, last in rows:
        if what == _LINK:
            known = known._replace(linked=number)
        elif what == _DISPUTE:
            known = known._replace(dispute=text)
        else:
            found = Person(connection, door, record, text, number, origin, first, middle, last)
            known = known._replace(person=found)
    return known
