"""What an administrator decides of a person in the ledger: that their ID has changed, or that a record begins anew."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Engine

from bridge.contracts import Learner
from bridge.errors import OttoBridgeError
from bridge.identifiers import FAULTS, fault, normalize
from bridge.learners.directory import Directory
from bridge.learners.linking import Updates, require_nobody_else
from bridge.store import aliases, disputes, learners, people, unmatched
from bridge.store.people import Person


class PersonRefused(OttoBridgeError):
    """A decision that would hand an account to somebody else, or is about nobody; the message says what to do."""


def follow(
    directory: Directory,
    engine: Engine,
    ottolearn: Updates,
    connection: str,
    old: str,
    new: str,
    username_attributes: Sequence[str],
    *,
    now: float,
) -> Learner:
    """Let the person of the connection with the ID `old` have `new` from now on, in OttoLearn and in the ledger.

    Raises PersonRefused and LinkRefused before anything is written, and what OttoLearn raises.
    """
    old, new = normalize(old), normalize(new)
    if why := fault(new):
        raise PersonRefused(f"{new!r} is no student ID: {FAULTS[why]}")
    learner = _only_user(engine, connection, old)
    held = [name for name in username_attributes if normalize(learner.attributes.get(name, "")) == old]
    has_new = any(normalize(learner.attributes.get(name, "")) == new for name in username_attributes)
    if not held and not has_new:
        raise PersonRefused(f"user {learner.user_id} has {old!r} in no Username attribute; look at them in OttoLearn")
    require_nobody_else(directory, new, learner.user_id)
    if held:
        learner = ottolearn.update(learner.user_id, dict.fromkeys(held, new), learner.active)
        directory.put(learner)
    people.rename(engine, connection, learner.user_id, new, now=now)
    settle(engine, connection, old, new)
    aliases.drop(engine, connection, old)
    return learner


def release(engine: Engine, connection: str, asked: str) -> list[Person]:
    """Forget every record of the connection that has this ID, or this name; those there were."""
    found = people.listed(engine, connection, student_id=normalize(asked), record=asked)
    people.release(engine, connection, [(person.door, person.record) for person in found])
    settle(engine, connection, normalize(asked), *(person.student_id for person in found))
    return found


def settle(engine: Engine, connection: str, *student_ids: str) -> None:
    """End what was held because of these IDs; a roster that finds them in conflict again says so again."""
    disputes.forget(engine, connection, student_ids)
    for student_id in student_ids:
        unmatched.forget(engine, connection, student_id)


def _only_user(engine: Engine, connection: str, student_id: str) -> Learner:
    found = people.listed(engine, connection, student_id=student_id)
    users = sorted({person.user_id for person in found if person.user_id is not None})
    if len(users) != 1:
        what = "nobody" if not users else f"OttoLearn users {', '.join(map(str, users))}"
        raise PersonRefused(f"at the connection {connection}, {student_id!r} is {what}: ottobridge people show")
    learner = learners.learner(engine, users[0])
    if learner is None:
        raise PersonRefused(f"OttoLearn has no user {users[0]} any more; ottobridge people release lets the record go")
    return learner
