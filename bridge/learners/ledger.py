"""A student ID is a claim, a person is more: launches are held against whom the LMS's own record was before.

Nobody is guessed at. A record that comes with another ID, or for a user whom another record is, waits for an
administrator (`ottobridge people`); what was never seen before is written down and believed from then on. A link says
whose an ID is, and names no record: it lets nobody become whom another record is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from bridge.errors import LaunchRejected
from bridge.identifiers import record_key
from bridge.store import identity_lookup, learners, people
from bridge.store.database import Engine
from bridge.store.identity_lookup import Known, LaunchIdentity
from bridge.store.people import Origin, Person

TRIES: Final = 3
"""Of several launches of one record at once each looks again at what the others wrote."""


@dataclass(frozen=True)
class Ledger:
    """The ledger of persons."""

    engine: Engine
    now: Callable[[], float]

    def is_from_roster(self, identity: LaunchIdentity) -> bool:
        """Whether a roster has said that this record has this ID."""
        if not identity.record:
            return False
        person = identity_lookup.of_launch(self.engine, identity, candidates=False).person
        return person is not None and person.origin == Origin.ROSTER and identity.has_id_of(person)

    def require_no_other_id(self, identity: LaunchIdentity, known: Known) -> None:
        """Raises LaunchRejected `identity_changed` where the record had another ID: it is not somebody unknown."""
        if known.person is not None and not identity.has_id_of(known.person):
            raise LaunchRejected("identity_changed", _changed(known.person, None))

    def require_nobody_yet(self, known: Known) -> None:
        """Raises LaunchRejected `identity_changed` where the record is an OttoLearn user who has lost the ID there: a
        new user would be a second one for one person.
        """
        user_id = None if known.person is None else known.person.user_id
        if known.person is not None and user_id is not None and learners.learner(self.engine, user_id) is not None:
            raise LaunchRejected("identity_changed", _changed(known.person, None))

    def confirm(self, identity: LaunchIdentity, known: Known, user_id: int) -> None:
        """Let the launch's person be this user, now and from now on.

        Raises LaunchRejected `identity_changed` where the record was another user by another ID, and
        `identity_of_another` where another record is this user.
        """
        for _ in range(TRIES):
            if known.is_settled(identity, user_id, self.now()) or self._bind(identity, known.person, user_id):
                return
            person = people.of_record(self.engine, identity.connection, identity.namespace, identity.record)
            known = known._replace(person=person)
        raise LaunchRejected("identity_of_another", "several launches of this person came at once")

    def _bind(self, identity: LaunchIdentity, person: Person | None, user_id: int) -> bool:
        """Write down who the record is, or that it was seen again; False where somebody wrote meanwhile."""
        if person is not None and person.user_id == user_id and identity.has_id_of(person):
            people.touch(self.engine, person, self.now())
            return True
        if person is not None and not _may_become(person, identity, user_id):
            raise LaunchRejected("identity_changed", _changed(person, user_id))
        record = record_key(identity.record)
        other = people.of_user(self.engine, identity.connection, identity.namespace, user_id)
        if other is not None and other.record != record:
            raise LaunchRejected(
                "identity_of_another",
                f"OttoLearn user {user_id} is the LMS record {other.record} with the ID {other.student_id}; "
                f"this launch comes from the record {record}",
            )
        at = (self.now(),) * 3
        said_by = person.origin if person is not None and identity.has_id_of(person) else Origin.LAUNCH
        wanted = Person(identity.connection, identity.namespace, record, identity.student_id, user_id, said_by, *at)
        return people.bind(self.engine, wanted, person)


def _may_become(person: Person, identity: LaunchIdentity, user_id: int) -> bool:
    """Whether a record that is known may be this user by this ID.

    With the same ID OttoLearn decides whose it is; the same user may get another ID.
    """
    return identity.has_id_of(person) or person.user_id == user_id


def _changed(person: Person, user_id: int | None) -> str:
    now = f"the new ID is OttoLearn user {user_id}" if user_id is not None else "the new ID is nobody's in OttoLearn"
    before = f"OttoLearn user {person.user_id}" if person.user_id is not None else "no OttoLearn user"
    return f"the LMS record {person.record} came with the ID {person.student_id} before ({before}); {now}"
