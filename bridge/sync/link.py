"""Decisions of a roster that only links: a row finds an OttoLearn user by one attribute and fills another.

The attribute to fill is an empty Username attribute. Nobody is created or deactivated, and no value is overwritten
except one that this connection wrote: a corrected list corrects what the earlier one did. Pure functions; in doubt the
decision is a conflict, never a guess.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from bridge.contracts import Learner
from bridge.errors import ConfigError
from bridge.identifiers import key, normalize
from bridge.roster.settings import Link, Roster
from bridge.store.sync_directory import Holder
from bridge.store.sync_items import Content, Kind
from bridge.sync.decide import is_protected
from bridge.sync.facts import Decision, Rules
from bridge.sync.reasons import RunReason

_LOGIN: Final = "username"
"""OttoLearn's own login name, which every user has, so that there is rarely anything to fill."""


class Row(NamedTuple):
    """One row of the list: a value that finds the user, and a student ID."""

    match: str
    """The `match_key` of the value that finds the user."""
    student_id: str
    """Normalized."""
    key: str
    """The student ID's `bridge.identifiers.key`; empty where it is none."""
    where: str
    """`People!A17`, or empty."""


def only_linking(roster: Roster, student_id: str, username_attributes: Sequence[str], link: Link) -> Roster:
    """The mapping of a connection that only links: the Username attributes that are to hold the student ID, no other.

    Those that `roster.attributes` fills from it, else the first that is not spoken for, `username` last. Raises
    ConfigError for none.
    """
    own = {student_id, "student_id"}
    named = [name for name in username_attributes if roster.attributes.get(name) in own]
    free = [name for name in username_attributes if name not in {link.attribute, *roster.attributes}]
    free.sort(key=lambda name: name == _LOGIN)
    carriers = [name for name in named or free[:1] if name != link.attribute]
    if not carriers:
        problem = f"people are found by {link.attribute}, and no other Username attribute is left for {student_id}"
        raise ConfigError([f"roster.attributes: {problem}"])
    return Roster(attributes=dict.fromkeys(carriers, "student_id"))


def decide_link(
    row: Row,
    found: Sequence[Learner],
    holders: Sequence[Holder],
    carriers: Sequence[str],
    link: Link,
    rules: Rules,
    written: Mapping[str, str],
) -> Decision:
    """The decision about one row.

    `found`: the users with the row's value in `link.attribute`; `holders`: those with its student ID in a Username
    attribute; `carriers`: the attributes to fill; `written`: what the connection last wrote into the user found.
    """
    if len(found) != 1:
        return _not_one(row, found, link)
    learner = found[0]
    if is_protected(learner, rules):
        return _skipped(RunReason.PROTECTED_USER, row, learner)
    taken = [h for h in holders if h.user_id != learner.user_id]
    if taken:
        note = "; ".join(f"OttoLearn user {h.user_id} has {h.value!r} as {h.attribute}" for h in taken)
        return _conflict(RunReason.TAKEN, row, note, learner.user_id)
    there = other_values(row, learner, carriers)
    if other := {name: value for name, value in there.items() if value != written.get(name)}:
        note = "; ".join(f"OttoLearn user {learner.user_id} has {value!r} as {name}" for name, value in other.items())
        return _conflict(RunReason.OTHER_VALUE, row, note, learner.user_id)
    before = {name: there.get(name, "") for name in carriers if name in there or not learner.attributes.get(name)}
    if not before:
        return Decision(None, "", learner.user_id)
    if not learner.active:
        return _skipped(RunReason.INACTIVE_IN_OTTOLEARN, row, learner)
    after = dict.fromkeys(before, row.student_id)
    return Decision(Kind.LINK, "", learner.user_id, Content(before, after, where=row.where))


def match_key(value: str, *, ignore_case: bool) -> str:
    """The value as it is compared: like a student ID, and e-mail addresses case-insensitively."""
    return key(value, ignore_case=ignore_case or "@" in value)


def other_values(row: Row, learner: Learner, carriers: Sequence[str]) -> Mapping[str, str]:
    """Those attributes to fill that hold another value than the row's student ID, with that value."""
    there = {name: learner.attributes.get(name, "") for name in carriers}
    return {name: value for name, value in there.items() if value and normalize(value) != row.student_id}


def duplicate_link(row: Row, decision: Decision) -> Decision:
    """The decision about a row whose user another row has found, too."""
    return _conflict(RunReason.DUPLICATE, row, "another row leads to the same OttoLearn user", decision.user_id)


def no_link(reason: str, row: Row) -> Decision:
    """The decision about a row without a usable student ID."""
    return Decision(Kind.SKIPPED, reason, None, Content(where=row.where))


def _not_one(row: Row, found: Sequence[Learner], link: Link) -> Decision:
    if not found:
        note = f"no OttoLearn user has this {link.field} as {link.attribute}"
        return Decision(Kind.SKIPPED, "no_match", None, Content(note=note, where=row.where))
    users = ", ".join(str(learner.user_id) for learner in found)
    return _conflict(
        RunReason.AMBIGUOUS, row, f"the OttoLearn users {users} all have this {link.field} as {link.attribute}"
    )


def _conflict(reason: str, row: Row, note: str, user_id: int | None = None) -> Decision:
    return Decision(Kind.CONFLICT, reason, user_id, Content(note=note, where=row.where))


def _skipped(reason: str, row: Row, learner: Learner) -> Decision:
    return Decision(Kind.SKIPPED, reason, learner.user_id, Content(where=row.where))
