"""Whether a member of the roster is whom the same record of the LMS was before.

In doubt a conflict: an ID that is passed on, or two that are swapped, would hand an account to somebody else.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from bridge.identifiers import key
from bridge.store.people import Origin, Person, record_key
from bridge.store.sync_items import Content, Kind
from bridge.sync.facts import Decision, Facts, Rules
from bridge.sync.mapping import Wanted
from bridge.sync.reasons import RunReason

PASSED_ON: Final = RunReason.PASSED_ON
ID_CHANGED: Final = RunReason.ID_CHANGED
RENAMED: Final = RunReason.RENAMED_IN_OTTOLEARN


class Identity(NamedTuple):
    """What the ledger says of a member; nothing where the source names no records."""

    conflict: Decision | None = None
    follows: int | None = None
    """The user whose ID is to be changed to the member's."""


def identify(wanted: Wanted, user_id: int | None, facts: Facts, rules: Rules) -> Identity:
    """Hold the member, whose ID leads to `user_id` or to nobody, against the ledger."""
    if not wanted.record:
        return Identity()
    record = record_key(wanted.record)
    other = None if user_id is None else facts.by_user.get(user_id)
    if other is not None and other.record != record:
        return Identity(_conflict(PASSED_ON, f"{_side(other)}; the record {record} has that ID now", other))
    known = facts.by_record.get(record)
    if known is None or known.user_id in {None, user_id} or known.user_id not in facts.learners:
        return Identity()
    if key(known.student_id, ignore_case=rules.ignore_case) == wanted.key:
        if user_id is None:
            lost = f"{_side(known)}, which nobody in OttoLearn has any more"
            return Identity(_conflict(RENAMED, lost, known))
        return Identity()  # whom OttoLearn gives the ID is OttoLearn's to say
    sure = known.origin != Origin.LAUNCH  # one launch may be the LMS's mistake of an hour, and would be followed
    if user_id is None and rules.follows_ids and sure and facts.learners[known.user_id].active:
        return Identity(follows=known.user_id)
    whose = "" if user_id is None else f", which is OttoLearn user {user_id}"
    told = f"{_side(known)}; it has the ID {wanted.student_id} now{whose}"
    return Identity(_conflict(ID_CHANGED, told, known, user_id))


def other_person(wanted: Wanted, conflict: Decision, facts: Facts) -> bool:
    """Whether everybody whose ID is nearly the member's is another record of the LMS, so that this is somebody new."""
    if conflict.reason != "variant" or not wanted.record:
        return False
    owners = [facts.by_user.get(user_id) for user_id in conflict.involved]
    return all(owner is not None and owner.record != record_key(wanted.record) for owner in owners)


def is_known_as(wanted: Wanted, user_id: int, facts: Facts) -> bool:
    """Whether the ledger has the member's record as this user, so that there is nothing to write down."""
    if not wanted.record:
        return True
    known = facts.by_record.get(record_key(wanted.record))
    return known is not None and (known.user_id, known.student_id) == (user_id, wanted.student_id)


def following(decision: Decision) -> Decision:
    """The decision about a user whose ID is to change, in the class of its own that its limit needs."""
    return decision._replace(kind=Kind.FOLLOW) if decision.kind == Kind.UPDATE else decision


def _conflict(reason: str, note: str, person: Person, user_id: int | None = None) -> Decision:
    involved = frozenset(one for one in (person.user_id, user_id) if one is not None)
    return Decision(Kind.CONFLICT, reason, person.user_id, Content(note=note), involved)


def _side(person: Person) -> str:
    return f"OttoLearn user {person.user_id} is the LMS record {person.record} with the ID {person.student_id}"
