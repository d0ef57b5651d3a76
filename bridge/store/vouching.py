"""Which learners may have a student ID, and with it, in one statement, all that is known of a launch: a link that an
administrator made, a dispute over the ID, and whom the record of the LMS was before.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec
from sqlalchemy import (
    BigInteger,
    Boolean,
    Double,
    Engine,
    String,
    bindparam,
    cast,
    literal_column,
    null,
    select,
    union_all,
)

from bridge.contracts import Learner
from bridge.identifiers import is_student_id, normalize, record_key
from bridge.store.learners import current
from bridge.store.people import Person
from bridge.store.prepared import Prepared
from bridge.store.schema import alias, learner, username
from bridge.store.sync_schema import disputed, person


class Candidate(NamedTuple):
    """A learner one of whose Username attributes is loosely equal to a student ID."""

    attribute: str
    value: str
    """What the attribute holds, in NFC."""
    learner: Learner


class Known(NamedTuple):
    """What is known."""

    linked: int | None = None
    """The user with whom an administrator has linked the student ID."""
    dispute: str = ""
    """One of `bridge.store.disputes.REASONS`; empty where there is none."""
    person: Person | None = None
    candidates: Sequence[Candidate] | None = None
    """As `candidates`; None where nobody asked for them."""


_LINK, _DISPUTE, _PERSON, _CANDIDATE = 1, 2, 3, 4
_NO_TEXT: Final = cast(null(), String)
_NO_TIME: Final = cast(null(), Double)
_NO_LEARNER: Final = (cast(null(), Boolean), cast(null(), String))
_THEIRS: Final = (learner.c.generation == username.c.generation) & (learner.c.user_id == username.c.user_id)
_MAY_HAVE: Final = (username.c.generation == current, username.c.folded == bindparam("folded"))
_CANDIDATES: Final = Prepared(
    select(username.c.attribute, username.c.value, learner.c.user_id, learner.c.active, learner.c.attributes)
    .join(learner, _THEIRS)
    .where(*_MAY_HAVE)
    .order_by(username.c.user_id, username.c.attribute)
)
_FIND: Final = Prepared(
    union_all(
        select(
            literal_column(str(_LINK)),
            *(_NO_TEXT, _NO_TEXT, alias.c.user_id),
            *(_NO_TIME, _NO_TIME, _NO_TIME),
            *_NO_LEARNER,
        ).where(alias.c.connection == bindparam("name"), alias.c.student_id == bindparam("sent")),
        select(
            literal_column(str(_DISPUTE)),
            *(disputed.c.reason, _NO_TEXT, cast(null(), BigInteger)),
            *(_NO_TIME, _NO_TIME, _NO_TIME),
            *_NO_LEARNER,
        ).where(disputed.c.connection == bindparam("name"), disputed.c.key.in_([bindparam("own"), bindparam("asked")])),
        select(
            literal_column(str(_PERSON)),
            *(person.c.student_id, person.c.origin, person.c.user_id),
            *(person.c.first_seen, person.c.bound_at, person.c.last_seen),
            *_NO_LEARNER,
        ).where(
            person.c.connection == bindparam("name"),
            person.c.namespace == bindparam("namespace"),
            person.c.record == bindparam("record"),
        ),
        select(
            literal_column(str(_CANDIDATE)),
            *(username.c.attribute, username.c.value, learner.c.user_id),
            *(_NO_TIME, _NO_TIME, _NO_TIME),
            *(learner.c.active, learner.c.attributes),
        )
        .join(learner, _THEIRS)
        .where(*_MAY_HAVE),
    )
)


def of_launch(
    engine: Engine,
    connection: str,
    namespace: str,
    record: str,
    sent: str,
    keys: tuple[str, str],
    folded: str | None = None,
) -> Known:
    """What is known of a launch of `connection` that names `record`, or no record, and the student ID `sent`.

    `keys`: the `bridge.identifiers.key` of that ID, and that of the one to look up; `folded`: the `loose_key` of the
    latter, where the candidates for it are wanted.
    """
    asked = normalize(sent)
    if not is_student_id(asked):
        return Known()
    kept = record_key(record) if record else ""
    values: dict[str, object] = {"name": connection, "namespace": namespace, "record": kept, "folded": folded}
    values |= {"sent": asked, "own": keys[0], "asked": keys[1]}
    linked, dispute, known_person, found = None, "", None, []
    for what, text, value, number, first, middle, last, active, attributes in _FIND.rows(engine, values):
        if what == _CANDIDATE:
            found.append(_candidate(text, value, number, active, attributes))
        elif what == _PERSON:
            known_person = Person(connection, namespace, kept, text, number, value, first, middle, last)
        elif what == _LINK:
            linked = number
        else:
            dispute = text
    found.sort(key=lambda one: (one.learner.user_id, one.attribute))
    return Known(linked, dispute, known_person, None if folded is None else found)


def candidates(engine: Engine, folded: str) -> list[Candidate]:
    """Everybody with a Username attribute whose value has the loose key `folded`, by user and attribute.

    `folded` is a `bridge.identifiers.loose_key`.
    """
    return [_candidate(*row) for row in _CANDIDATES.rows(engine, {"folded": folded})]


def _candidate(attribute: str, value: str, user_id: int, active: bool, attributes: str) -> Candidate:
    return Candidate(attribute, value, Learner(user_id, bool(active), msgspec.json.decode(attributes)))
