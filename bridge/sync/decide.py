"""The decision about one person, as pure functions of `Facts` and `Rules`. In doubt it is a conflict, never a guess."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final, NamedTuple

from bridge.contracts import Learner
from bridge.identifiers import key, loose_key, record_key
from bridge.store.people import Origin, Person
from bridge.store.sync_directory import Holder
from bridge.store.sync_items import Content, Kind
from bridge.store.sync_people import Membership, Missing, Ownership
from bridge.sync.facts import Decision, Facts, Rules, others_ids, still_has_id
from bridge.sync.mapping import Wanted
from bridge.sync.reasons import RunReason

DAY: Final = 86_400.0
ON_ANOTHER: Final = RunReason.ON_ANOTHER_ROSTER
OTHER_VALUE: Final = RunReason.OTHER_VALUE
PASSED_ON: Final = RunReason.PASSED_ON
ID_CHANGED: Final = RunReason.ID_CHANGED
RENAMED: Final = RunReason.RENAMED_IN_OTTOLEARN


def decide(wanted: Wanted, values: Mapping[str, str], facts: Facts, rules: Rules) -> Decision:
    """The decision about a member of the roster whose attributes should be `values`."""
    user_id, conflict = _match(wanted, values, facts, rules)
    person = identify(wanted, user_id if conflict is None else conflict.user_id, facts, rules)
    if person.conflict is not None:
        return person.conflict
    if conflict is not None and conflict.involved != {person.follows} and not is_other_person(wanted, conflict, facts):
        return conflict
    user_id = user_id if person.follows is None else person.follows
    if user_id is None:
        return _create(values, rules)
    learner = facts.learners[user_id]
    if is_protected(learner, rules):
        return Decision(Kind.SKIPPED, RunReason.PROTECTED_USER, user_id)
    decision = _change(wanted, values, learner, facts, rules)
    return decision if person.follows is None else as_id_change(decision)


def decide_leave(missing: Missing, facts: Facts, rules: Rules, now: float) -> Decision:
    """The decision about a person who is missing from a roster that was read completely."""
    learner = facts.learners.get(missing.user_id)
    if learner is not None and is_protected(learner, rules):
        return Decision(Kind.SKIPPED, RunReason.PROTECTED_USER, missing.user_id)
    since = now if missing.missing_since is None else missing.missing_since
    if missing.missing_reads + 1 < rules.grace_reads or now - since < rules.grace_days * DAY:
        return Decision(Kind.GRACE, RunReason.IN_GRACE, missing.user_id)
    return decide_gone(missing.key, missing.user_id, facts, rules)


def decide_gone(key_: str, user_id: int, facts: Facts, rules: Rules) -> Decision:
    """The decision about a person who has left and whose grace is over; `key_` is their key at the connection."""
    learner = facts.learners.get(user_id)
    if is_elsewhere(user_id, facts.ownerships, rules.source):
        return Decision(Kind.LET_GO, ON_ANOTHER, user_id)
    if learner is None:
        return Decision(Kind.LET_GO, RunReason.NOT_IN_OTTOLEARN, user_id)
    if not learner.active:
        return Decision(Kind.LET_GO, RunReason.INACTIVE_ALREADY, user_id)
    if not still_has_id(key_, learner, facts.written.get(user_id, {}), rules) and (
        theirs := others_ids(learner, facts, rules)
    ):
        return _conflict(RENAMED, theirs, user_id)
    return Decision(Kind.DEACTIVATE, "", user_id)


def is_elsewhere(user_id: int, ownerships: Mapping[int, Sequence[Ownership]], source: int) -> bool:
    """Whether this user is present on the roster of another connection than `source`."""
    return any(b.source != source and b.membership == Membership.PRESENT for b in ownerships.get(user_id, ()))


def is_protected(learner: Learner, rules: Rules) -> bool:
    """Whether the user is one of `roster.protected_users`, or the bridge's own, who are never written to."""
    return any(loose_key(learner.attributes.get(name, "")) in rules.protected for name in rules.usernames)


def _match(wanted: Wanted, values: Mapping[str, str], facts: Facts, rules: Rules) -> tuple[int | None, Decision | None]:
    """The user who is this person, None where there is none; or a conflict."""
    same = partial(key, ignore_case=rules.ignore_case)
    ids = [wanted.student_id, *(values[name] for name in rules.filled if values.get(name))]
    alike = [h for loose in sorted({*map(loose_key, ids)}) for h in facts.holders.get(loose, ())]
    holders = [h for h in alike if h.attribute in rules.usernames]
    holding = [h for h in holders if same(h.value) in {*map(same, ids)}]
    known = facts.known.get(wanted.key)
    user_id = known.user_id if known and known.user_id in facts.learners else None
    if user_id is None:
        near = [h for h in holders if h.folded == loose_key(wanted.student_id)]
        found = sorted({h.user_id for h in near if same(h.value) == wanted.key})
        if len(found) > 1:
            return None, _conflict(RunReason.AMBIGUOUS, near)
        if near and not found:
            return None, _conflict(RunReason.VARIANT, near)
        if not found and holding:
            return None, _conflict(RunReason.OTHER_ID, holding)
        user_id = found[0] if found else None
    taken = [h for h in holding if h.user_id != user_id]
    if taken:
        return None, _conflict(RunReason.TAKEN, taken, user_id)
    return user_id, None


def _conflict(reason: str, holders: Sequence[Holder], user_id: int | None = None) -> Decision:
    sides = "; ".join(f"OttoLearn user {h.user_id} has {h.value!r} as {h.attribute}" for h in holders)
    involved = {h.user_id for h in holders} | ({user_id} if user_id is not None else set())
    return Decision(Kind.CONFLICT, reason, user_id, Content(note=sides), frozenset(involved))


def _create(values: Mapping[str, str], rules: Rules) -> Decision:
    if lacking := sorted(rules.required - values.keys()):
        return Decision(
            Kind.SKIPPED, RunReason.REQUIRED_MISSING, None, Content(note=f"OttoLearn requires {', '.join(lacking)}")
        )
    return Decision(Kind.CREATE, "", None, Content(after=dict(values)))


def _change(wanted: Wanted, values: Mapping[str, str], learner: Learner, facts: Facts, rules: Rules) -> Decision:
    known = facts.known.get(wanted.key)
    content = _content(values, learner, facts.written.get(learner.user_id, {}), rules)
    ownerships = facts.ownerships.get(learner.user_id, ())
    # Only what a sync did is undone by a sync; no option takes this decision from the person who made it.
    if not learner.active and all(ownership.membership != Membership.DEACTIVATED for ownership in ownerships):
        return Decision(Kind.SKIPPED, RunReason.INACTIVE_IN_OTTOLEARN, learner.user_id)
    if theirs := _ids_of_others(content, wanted, learner, facts, rules):
        return _conflict(OTHER_VALUE, theirs, learner.user_id)
    if not learner.active:
        return Decision(Kind.REACTIVATE, "", learner.user_id, _renamed(content, wanted, ownerships, rules))
    reason = RunReason.CHANGED_IN_OTTOLEARN if content.foreign else ""
    if content.after:
        return Decision(Kind.UPDATE, reason, learner.user_id, _renamed(content, wanted, ownerships, rules))
    if content.foreign:
        return Decision(Kind.SKIPPED, reason, learner.user_id, content)
    if (
        known
        and known.user_id == learner.user_id
        and (known.digest, known.membership) == (wanted.digest, Membership.PRESENT)
        and is_known_as(wanted, learner.user_id, facts)
    ):
        return Decision(None, "", learner.user_id)
    return Decision(Kind.ADOPT, "", learner.user_id, _renamed(content, wanted, ownerships, rules))


def _content(values: Mapping[str, str], learner: Learner, last: Mapping[str, str], rules: Rules) -> Content:
    """What changes, attribute by attribute, and what somebody else changed since the sync last wrote it."""
    before, after, foreign = {}, {}, {}
    ours = {name: value for name, value in values.items() if name not in rules.owned_by_ottolearn}
    for name, value in ours.items():
        current = learner.attributes.get(name, "")
        if current == value:
            continue
        if rules.protect and name in last and current != last[name]:
            foreign[name] = (current, value)
        else:
            before[name], after[name] = current, value
    written = {**last, **{name: value for name, value in ours.items() if name not in foreign}}
    return Content(before, after, written, foreign)


def _ids_of_others(content: Content, wanted: Wanted, learner: Learner, facts: Facts, rules: Rules) -> Sequence[Holder]:
    """The Username values that would be replaced though the sync did not write them: somebody may launch by them.

    Left out are another spelling of the same ID, and the ID that the same record of the LMS had before.
    """
    if rules.replaces_ids or not content.before.keys() & set(rules.usernames):
        return ()
    same = partial(key, ignore_case=rules.ignore_case)
    person = facts.by_record.get(record_key(wanted.record)) if wanted.record else None
    last = facts.written.get(learner.user_id, {})
    replaced = {name: value for name, value in content.before.items() if value and name in rules.usernames}
    return [
        Holder("", name, value, learner.user_id)
        for name, value in replaced.items()
        if same(value) != same(content.after[name])
        and last.get(name) != value
        and not (person is not None and person.user_id == learner.user_id and same(person.student_id) == same(value))
    ]


def _renamed(content: Content, wanted: Wanted, ownerships: Sequence[Ownership], rules: Rules) -> Content:
    """The content; `replaces` is the key by which this connection knew the user before, where that was another."""
    for ownership in ownerships:
        if ownership.source == rules.source and ownership.key != wanted.key:
            return Content(content.before, content.after, content.written, content.foreign, replaces=ownership.key)
    return content


# The checks against the ledger: a member of the roster must be the user whom the same record of the LMS was before. In
# doubt a conflict: an ID that is reassigned, or two that are swapped, would hand an account to another person.


class Identity(NamedTuple):
    """What the ledger says of a member; both fields are None where the source names no records."""

    conflict: Decision | None = None
    follows: int | None = None
    """The user whose ID is to be changed to the member's."""


def identify(wanted: Wanted, user_id: int | None, facts: Facts, rules: Rules) -> Identity:
    """Compare the member, whose ID finds the user `user_id` or nobody, with the ledger."""
    if not wanted.record:
        return Identity()
    record = record_key(wanted.record)
    other = None if user_id is None else facts.by_user.get(user_id)
    if other is not None and other.record != record:
        return Identity(_ledger_conflict(PASSED_ON, f"{_side(other)}; the record {record} has that ID now", other))
    known = facts.by_record.get(record)
    if known is None or known.user_id in {None, user_id} or known.user_id not in facts.learners:
        return Identity()
    if key(known.student_id, ignore_case=rules.ignore_case) == wanted.key:
        if user_id is None:
            lost = f"{_side(known)}, which nobody in OttoLearn has any more"
            return Identity(_ledger_conflict(RENAMED, lost, known))
        return Identity()  # whom OttoLearn gives the ID is OttoLearn's to say
    sure = known.origin != Origin.LAUNCH  # one launch may be the LMS's mistake of an hour, and would be followed
    if user_id is None and rules.follows_ids and sure and facts.learners[known.user_id].active:
        return Identity(follows=known.user_id)
    whose = "" if user_id is None else f", which is OttoLearn user {user_id}"
    note = f"{_side(known)}; it has the ID {wanted.student_id} now{whose}"
    return Identity(_ledger_conflict(ID_CHANGED, note, known, user_id))


def is_other_person(wanted: Wanted, conflict: Decision, facts: Facts) -> bool:
    """Whether all users of a `variant` conflict are other records of the LMS, so that the member is a new person."""
    if conflict.reason != "variant" or not wanted.record:
        return False
    owners = [facts.by_user.get(user_id) for user_id in conflict.involved]
    return all(owner is not None and owner.record != record_key(wanted.record) for owner in owners)


def is_known_as(wanted: Wanted, user_id: int, facts: Facts) -> bool:
    """Whether the ledger already has the member's record with this user and ID."""
    if not wanted.record:
        return True
    known = facts.by_record.get(record_key(wanted.record))
    return known is not None and (known.user_id, known.student_id) == (user_id, wanted.student_id)


def as_id_change(decision: Decision) -> Decision:
    """The decision with the kind `follow` in place of `update`: a change of ID has a limit of its own."""
    return decision._replace(kind=Kind.FOLLOW) if decision.kind == Kind.UPDATE else decision


def _ledger_conflict(reason: str, note: str, person: Person, user_id: int | None = None) -> Decision:
    involved = frozenset(one for one in (person.user_id, user_id) if one is not None)
    return Decision(Kind.CONFLICT, reason, person.user_id, Content(note=note), involved)


def _side(person: Person) -> str:
    return f"OttoLearn user {person.user_id} is the LMS record {person.record} with the ID {person.student_id}"
