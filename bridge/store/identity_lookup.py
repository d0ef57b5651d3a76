"""Finds the learners who may have a student ID, and in the same statement all that the database has on a launch: a link
made by an administrator, a dispute over the ID, and the ledger's entry of the LMS record.
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
from bridge.identifiers import fault, key, loose_key, normalize, record_key
from bridge.store.learners import current
from bridge.store.people import Person
from bridge.store.prepared import Prepared
from bridge.store.schema import alias, learner, username
from bridge.store.sync_schema import disputed, person

SEEN_AGAIN: Final = 86_400.0
"""Seconds after which `last_seen` of a person is written again."""


class LaunchIdentity(NamedTuple):
    """The identity that a launch claims, to be compared with what is stored."""

    connection: str
    namespace: str
    """The kind of launch: each kind names people in its own way."""
    record: str
    """The LMS's own lasting name of the person; empty where it gives none, so that the ledger cannot be used."""
    sent: str
    """The student ID that the LMS sent."""
    student_id: str
    """The ID to look up."""
    ignore_case: bool
    """Whether IDs that differ in ASCII letter case alone are the same."""

    @property
    def keys(self) -> tuple[str, str]:
        """The comparison keys of the ID that the LMS sent, and of the ID to look up."""
        sent = key(self.sent, ignore_case=self.ignore_case)
        same = self.student_id == self.sent  # but for connections with rules
        return sent, sent if same else key(self.student_id, ignore_case=self.ignore_case)

    def has_id_of(self, person: Person) -> bool:
        """Whether the ledger's entry has the ID that the LMS sent (as rosters store it), or the one to look up."""
        held = person.student_id
        return held in (self.sent, self.student_id) or key(held, ignore_case=self.ignore_case) in self.keys


class Candidate(NamedTuple):
    """A learner one of whose Username attributes is loosely equal to a student ID."""

    attribute: str
    value: str
    """What the attribute holds, in NFC."""
    learner: Learner


class Known(NamedTuple):
    """What the database has on the identity of a launch."""

    linked: int | None = None
    """The user with whom an administrator has linked the student ID."""
    dispute: str = ""
    """One of `bridge.store.disputes.REASONS`; empty where there is none."""
    person: Person | None = None
    candidates: Sequence[Candidate] | None = None
    """As `candidates`; None where nobody asked for them."""

    def is_settled(self, identity: LaunchIdentity, user_id: int, now: float) -> bool:
        """Whether there is nothing to decide and nothing to write for the record to be this user: there is no record,
        or it was this user by this ID already, less than a day ago.
        """
        if not identity.record:
            return True
        if self.person is None or self.person.user_id != user_id or not identity.has_id_of(self.person):
            return False
        return now - self.person.last_seen < SEEN_AGAIN


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


def of_launch(engine: Engine, identity: LaunchIdentity, *, candidates: bool = True) -> Known:
    """What is known of a launch; with `candidates`, also who may have the ID to look up."""
    asked = normalize(identity.sent)
    if fault(asked):
        return Known()
    connection, namespace = identity.connection, identity.namespace
    kept = record_key(identity.record) if identity.record else ""
    folded = loose_key(identity.student_id) if candidates else None
    values: dict[str, object] = {"name": connection, "namespace": namespace, "record": kept, "folded": folded}
    own, looked_up = identity.keys
    values |= {"sent": asked, "own": own, "asked": looked_up}
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
    if len(found) > 1:
        found.sort(key=lambda one: (one.learner.user_id, one.attribute))
    return Known(linked, dispute, known_person, found if candidates else None)


def candidates(engine: Engine, folded: str) -> list[Candidate]:
    """All learners with a Username attribute whose value has the loose key `folded`, by user and attribute.

    `folded` is a `bridge.identifiers.loose_key`.
    """
    return [_candidate(*row) for row in _CANDIDATES.rows(engine, {"folded": folded})]


def _candidate(attribute: str, value: str, user_id: int, active: bool, attributes: str) -> Candidate:
    return Candidate(attribute, value, Learner(user_id, bool(active), msgspec.json.decode(attributes)))
