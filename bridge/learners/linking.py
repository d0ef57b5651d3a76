"""An administrator's answer to an unmatched student: this ID is that OttoLearn user, here or in OttoLearn itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from bridge.contracts import Learner
from bridge.errors import LearnerAmbiguous, OttoBridgeError
from bridge.identifiers import FAULTS, fault, lower_ascii, normalize
from bridge.learners.directory import Directory
from bridge.learners.students import differ
from bridge.store import aliases, launches, learners, people, unmatched
from bridge.store.database import Engine
from bridge.store.people import Person
from bridge.store.unmatched import State


class LinkRefused(OttoBridgeError):
    """A link that would let the wrong person in, or nobody; the message says what to do."""


class Updates(Protocol):
    """The call of `bridge.ottolearn.api.OttoLearnApi` that is needed here."""

    def update(self, user_id: int, attributes: Mapping[str, str], active: bool) -> Learner: ...


def connection_for(engine: Engine, student_id: str, connections: Sequence[str]) -> str:
    """The connection that is meant where none is named: the only one that named the ID, or the only one there is."""
    seen = sorted({row.connection for row in unmatched.of_student(engine, student_id)}) or list(connections)
    if len(seen) != 1:
        raise LinkRefused(f"several connections may mean this ID; name one with --connection: {', '.join(seen)}")
    return seen[0]


def require_same_name(learner: Learner, names: Sequence[str]) -> None:
    """Raise LinkRefused where one of the names that the LMS gave and OttoLearn's have no word in common."""
    other = next((name for name in names if differ(name, learner.name)), None)
    if other is not None:
        raise LinkRefused(
            f"the LMS calls this student {other}, and OttoLearn's user {learner.user_id} is {learner.name}: not a "
            "word in common. Whoever launches with the ID gets into that account. Add --yes if both are one person"
        )


def names_given(engine: Engine, connection: str | None, student_id: str, connections: Sequence[str]) -> list[str]:
    """What the LMS calls the student: as the unmatched queue has it, else as in their last launch.

    Of every connection where none is named: what is written into OttoLearn holds for all of them.
    """
    waiting = {row.connection: row for row in unmatched.of_student(engine, student_id)}
    asked = [connection] if connection is not None else sorted({*connections, *waiting})
    found = [waiting.get(name) or launches.last_named(engine, name, normalize(student_id)) for name in asked]
    named = (" ".join(filter(None, (row.first_name, row.last_name))) for row in found if row is not None)
    return [*dict.fromkeys(name for name in named if name)]


def user(engine: Engine, student_id: str, user_id: int) -> Learner:
    """The OttoLearn user of this number. Raises LinkRefused for nobody, and for an ID that is none."""
    if why := fault(normalize(student_id)):
        raise LinkRefused(f"this is no student ID: {FAULTS[why]}")
    learner = learners.learner(engine, user_id)
    if learner is None:
        raise LinkRefused(f"OttoLearn has no user {user_id}; after a change there: ottobridge learners refresh")
    return learner


def link(
    engine: Engine,
    connection: str,
    student_id: str,
    user_id: int,
    username_attributes: Sequence[str],
    *,
    now: float,
) -> Learner:
    """Let launches of this connection with this ID in as this user. Nothing is changed in OttoLearn."""
    learner = user(engine, student_id, user_id)
    if not any(learner.attributes.get(name) for name in username_attributes):
        raise LinkRefused(f"user {user_id} has no Username attribute filled, so nobody can sign in as them")
    aliases.put(engine, connection, student_id, user_id, now=now)
    unmatched.mark(engine, connection, student_id, State.RESOLVED)
    return learner


def link_anew(
    engine: Engine,
    connection: str,
    student_id: str,
    user_id: int,
    username_attributes: Sequence[str],
    *,
    now: float,
) -> bool:
    """The same for a student who is linked with nobody who could come in; False where they are, by now perhaps."""
    before = aliases.find(engine, connection, student_id)
    held = learners.learner(engine, before) if before is not None else None
    if held is not None and any(held.attributes.get(name) for name in username_attributes):
        return False
    if not aliases.put_in_place_of(engine, connection, student_id, user_id, instead_of=before, now=now):
        return False
    unmatched.mark(engine, connection, student_id, State.RESOLVED)
    return True


def unlink(engine: Engine, connection: str, student_id: str) -> bool:
    """Undo a link kept in the bridge, so that the student waits again; False where there is none."""
    linked = aliases.drop(engine, connection, student_id)
    if linked:
        unmatched.mark(engine, connection, student_id, State.WAITING)
    return linked


def others_who_are(engine: Engine, connection: str, student_id: str, user_id: int) -> list[Person]:
    """The LMS's records that have come to the connection as this user with another ID: no link makes others of them."""
    known = people.listed(engine, connection, user_id=user_id)
    return [person for person in known if lower_ascii(person.student_id) != lower_ascii(normalize(student_id))]


def write(
    directory: Directory, engine: Engine, ottolearn: Updates, student_id: str, user_id: int, attribute: str
) -> Learner:
    """Write the ID into a Username attribute of this user in OttoLearn, so that every connection finds them by it.

    Refuses to take an ID from somebody else, or to overwrite another one.
    """
    learner = user(engine, student_id, user_id)
    require_nobody_else(directory, student_id, user_id)
    before = learner.attributes.get(attribute, "")
    if before and normalize(before) != normalize(student_id):
        raise LinkRefused(f"user {user_id} has another value in {attribute}; choose an attribute that is free")
    changed = ottolearn.update(user_id, {attribute: student_id}, learner.active)
    directory.put(changed)
    for row in unmatched.of_student(engine, student_id):
        unmatched.mark(engine, row.connection, student_id, State.RESOLVED)
    return changed


def require_nobody_else(directory: Directory, student_id: str, user_id: int, *, unless: str = "") -> None:
    """Raises LinkRefused where another user has the ID; `unless` says what is to be done all the same."""
    try:
        found = directory.look(student_id)
    except LearnerAmbiguous as error:
        raise LinkRefused(f"the ID is {error}; let one of them keep it first{unless}") from error
    if found is not None and found.learner.user_id != user_id:
        raise LinkRefused(f"the OttoLearn user {found.learner.user_id} has this ID in {found.attribute}{unless}")
