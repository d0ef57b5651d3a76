"""What an administrator decides of a person in the ledger: that their ID has changed, or that a record begins anew."""

from __future__ import annotations

from collections.abc import Sequence

from bridge.contracts import Learner
from bridge.errors import OttoBridgeError
from bridge.identifiers import FAULTS, fault, normalize
from bridge.learners.directory import Directory
from bridge.learners.linking import Updates, require_nobody_else
from bridge.store import aliases, disputes, learners, people, unmatched
from bridge.store.database import Engine
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
    _require_free(engine, connection, new, learner.user_id)
    if held:
        learner = ottolearn.update(learner.user_id, dict.fromkeys(held, new), learner.active)
        directory.put(learner)
    people.rename(engine, connection, learner.user_id, new, now=now)
    settle(engine, connection, old, new)
    aliases.drop(engine, connection, old)
    return learner


def release(
    engine: Engine, connection: str, student_id: str = "", *, record: str = "", namespace: str = ""
) -> list[Person]:
    """Forget the one person of the connection who has this student ID, or is this record; the records there were.

    `namespace` alone is meant where one is named: two of them may call two people by one name. Raises PersonRefused
    where several OttoLearn users are meant, and where nobody has the ID, but a record is called so.
    """
    asked = normalize(student_id)
    known = people.listed(engine, connection, student_id=asked, record=record or student_id)
    in_namespace = [person for person in known if namespace in {"", person.namespace}]
    found = [person for person in in_namespace if record or person.student_id == asked]
    if len({person.user_id for person in found}) > 1 or (in_namespace and not found):
        meant = _candidates(engine, in_namespace)
        raise PersonRefused(f"{record or asked!r} may mean: {meant}; name one: --record --namespace")
    people.release(engine, connection, [(person.namespace, person.record) for person in found])
    settle(engine, connection, *({asked} - {""}), *(person.student_id for person in found))
    return found


def is_held(engine: Engine, connection: str, student_id: str) -> bool:
    """Whether anything is held because of this ID."""
    waits = unmatched.find(engine, connection, student_id) is not None
    return waits or bool(disputes.find(engine, connection, student_id))


def settle(engine: Engine, connection: str, *student_ids: str) -> None:
    """End what was held because of these IDs; a roster that finds them in conflict again says so again.

    What several people have on the last roster stays held: else whoever of them comes first would be believed.
    """
    disputes.forget(engine, connection, student_ids)
    for student_id in student_ids:
        unmatched.forget(engine, connection, student_id)


def _candidates(engine: Engine, found: Sequence[Person]) -> str:
    return "; ".join(
        f"--record {person.record} --namespace {person.namespace}, with the ID {person.student_id}, "
        f"{_user_in_words(engine, person.user_id)}"
        for person in found
    )


def _user_in_words(engine: Engine, user_id: int | None) -> str:
    learner = None if user_id is None else learners.learner(engine, user_id)
    name = learner.name if learner else ""
    return "no OttoLearn user" if user_id is None else " ".join(filter(None, (f"OttoLearn user {user_id}", name)))


def _require_free(engine: Engine, connection: str, new: str, user_id: int) -> None:
    """Raise PersonRefused where several people have the ID on the last roster, or a link gives it to somebody else."""
    if (why := disputes.find(engine, connection, new)) and why not in disputes.OF_ONE:
        raise PersonRefused(f"the last roster gave {new!r} to several people ({why}); fix that in the LMS, then sync")
    linked = aliases.find(engine, connection, new)
    if linked not in {None, user_id}:
        undo = f"ottobridge learners unlink --connection {connection} {new}"
        raise PersonRefused(f"a link gives {new!r} to OttoLearn user {linked}: {undo}")


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
