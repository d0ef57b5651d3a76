"""The planner: streams the roster, and loads from the database only the people who differ from the snapshot.

Nothing here writes to OttoLearn or changes the snapshot; the plan is rows of `sync_item`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

from msgspec import structs

from bridge.contracts import PLACE, RECORD, RosterMember
from bridge.identifiers import is_no_id, is_student_id, key, loose_key, normalize, record_key
from bridge.roster.id_set import IdSet
from bridge.store import people as people_ledger
from bridge.store import sync_directory, sync_items, sync_people
from bridge.store.database import Transaction
from bridge.store.engine import autocommit
from bridge.store.people import Person
from bridge.store.sync_items import WRITES, Content, Item, Kind, State
from bridge.store.sync_people import Known, Membership
from bridge.store.text import storable
from bridge.sync.decide import OTHER_VALUE, PASSED_ON, decide, decide_leave
from bridge.sync.facts import Decision, Facts, Rules, facts_of_gone
from bridge.sync.mapping import DIGEST_BYTES, Wanted
from bridge.sync.reasons import RunReason
from bridge.sync.record import Job

Ask = Callable[[Transaction, str, str, Sequence[Any]], list[Person]]
NO_DIGEST: Final = bytes(DIGEST_BYTES)
PRESENT: Final = int(Membership.PRESENT)  # every look into an enumeration costs
_OWN_IDS: Final = (PLACE, RECORD, "id", "user_id", "login_id", "username")
EXAMPLES: Final = 1_000
"""Skipped members of one reason that get an item each; the others are only counted."""


class Planner:
    """Makes the plan of one run. Call `read`, then, after a complete roster, `finish`."""

    def __init__(self, job: Job, rules: Rules, *, full: bool) -> None:
        """`full`: compare also the people whose values are the same as in the snapshot."""
        self._engine = job.context.engine
        self._run = job.outcome.run
        self._mapped = job.target.mapped
        self._ledger = job.target.ledger
        self._rules = rules
        self._full = full
        self._refresh_learners = job.refresh_learners
        self._fresh = False
        self._progress = job.note_read
        self._number = 0
        self._seen = IdSet()
        self._followed: set[int] = set()
        """Users whose changed ID this plan takes over: few, because of `limits.id_changes`."""
        self._not_missing = IdSet()
        self._unchanged_known = 0
        self.read_total = 0
        self.unchanged = 0
        self.joining = 0
        """Existing OttoLearn users who are new to the connection."""
        self.skipped: Counter[str] = Counter()
        """Members without a usable student ID or inactive ones, by reason."""

    def read(self, groups: Iterable[Sequence[RosterMember]]) -> None:
        """Compare all members. Raises what reading them raises."""
        for members in groups:
            with autocommit(
                self._engine
            ) as connection:  # for each anew: a source may take hours, which no session survives
                self._compare(connection, members)
        with self._engine.begin() as connection:
            sync_items.resolve_claims(connection, self._run, RunReason.CLAIMED_TWICE)

    def finish(self, now: float) -> None:
        """Plan for the people who are missing. Only after a roster that was read completely."""
        if self._unchanged_known == sync_people.count_present(self._engine, self._rules.source):
            return
        for batch in sync_people.present(self._engine, self._rules.source):
            missing = [person for person in batch if self._is_missing(person)]
            if not missing:
                continue
            self._require_fresh()
            with self._engine.begin() as connection:
                facts = facts_of_gone(connection, self._rules, {person.user_id: person.key for person in missing})
                decisions = [(p, decide_leave(p, facts, self._rules, now)) for p in missing]
                items = [self._item(p.key, p.key, NO_DIGEST, decision) for p, decision in decisions]
                sync_items.add(connection, self._run, items)

    def _compare(self, connection: Transaction, members: Sequence[RosterMember]) -> None:
        self.read_total += len(members)
        wanted, odd = self._wanted(connection, members)
        known = sync_people.known(connection, self._rules.source, list({person.key for person in wanted}))
        rest = wanted if self._full else self._changed(wanted, known)
        if rest or odd:
            if rest:
                self._require_fresh()
            with self._engine.begin() as transaction:
                sync_items.add(transaction, self._run, odd)
                if rest:
                    self._consider(transaction, rest, known)
        self._progress(self.read_total)

    def _wanted(
        self, connection: Transaction, members: Sequence[RosterMember]
    ) -> tuple[Sequence[Wanted], Sequence[Item]]:
        """What the members with a student ID should be, and items for those who are skipped."""
        good = [member for member in members if member.active and can_launch(member)]
        wanted = [self._mapped.want(member) for member in good]
        if len(good) == len(members):  # nearly always
            return wanted, ()
        bad = [member for member in members if not member.active or not can_launch(member)]
        self._keep_nameless(connection, [member for member in bad if member.active])
        return wanted, [item for member in bad for item in self._leave_out(member)]

    def _keep_nameless(self, connection: Transaction, nameless: Sequence[RosterMember]) -> None:
        """Do not count as missing the users whom members without a student ID are by their record or another id."""
        others = [name for name in self._rules.filled if name not in self._mapped.carriers]
        records = [record_key(member.fields[RECORD]) for member in nameless if member.fields.get(RECORD)]
        for person in self._of_ledger(connection, people_ledger.by_records, records) if records else ():
            if person.user_id is not None:
                self._not_missing.add(person.user_id)
        if not nameless or not others:
            return
        found = [self._mapped.attributes(self._mapped.want(member)) for member in nameless]
        values = {loose_key(said[name]) for said in found for name in others if name in said}
        for holder in sync_directory.holders(connection, sorted(values)):
            self._not_missing.add(holder.user_id)

    def _leave_out(self, member: RosterMember) -> Iterator[Item]:
        if not member.active:
            return self._skip(member, RunReason.INACTIVE_IN_LMS)
        if is_no_id(normalize(member.student.student_id)):
            return self._skip(member, RunReason.NO_STUDENT_ID)
        return self._skip(member, RunReason.BAD_STUDENT_ID)

    def _skip(self, member: RosterMember, reason: str) -> Iterator[Item]:
        self.skipped[reason] += 1
        if self.skipped[reason] <= EXAMPLES:
            shown, content = storable(normalize(member.student.student_id), 64), Content(where=_where(member))
            yield self._item(shown, shown, NO_DIGEST, Decision(Kind.SKIPPED, reason, content=content))

    def _changed(self, wanted: Sequence[Wanted], known: dict[str, Known]) -> list[Wanted]:
        """The people whose values differ from the snapshot, or who are not in it."""
        rest = []
        for person in wanted:
            held = known.get(person.key)
            same = held is not None and held.digest == person.digest and held.membership == PRESENT and not held.missing
            if held is None or not same or not self._seen.add(held.user_id):
                rest.append(person)
        self._unchanged_known += len(wanted) - len(rest)
        self.unchanged += len(wanted) - len(rest)
        return rest

    def _consider(self, connection: Transaction, people: Sequence[Wanted], known: dict[str, Known]) -> None:
        facts = self._facts(connection, people, known)
        keys = [person.key for person in people]
        planned = sync_items.planned_keys(connection, self._run, keys) if self._number else set()
        items: list[Item] = []
        claims: set[tuple[str, int]] = set()
        again: set[str] = set()
        users: set[int] = set()
        for person in people:
            values = self._mapped.attributes(person)
            decision = self._decide(person, values, facts)
            if person.key in planned or not self._is_first(person, decision, facts):
                again.add(person.key)
                users |= set() if decision.user_id is None else {decision.user_id}
                decision = duplicate(decision)
            planned.add(person.key)
            for user_id in decision.involved:
                self._not_missing.add(user_id)
            items += self._items(person, decision, facts)
            claims |= self._claims(decision)
        sync_items.add(connection, self._run, items)
        sync_items.claim(connection, self._run, claims)
        if again:
            sync_items.to_conflict(connection, self._run, RunReason.DUPLICATE, keys=again, users=users)

    def _decide(self, person: Wanted, values: dict[str, str], facts: Facts) -> Decision:
        return decide(person, values, facts, self._rules)

    def _is_missing(self, person: sync_people.Missing) -> bool:
        return person.user_id not in self._seen and person.user_id not in self._not_missing

    def _is_first(self, person: Wanted, decision: Decision, facts: Facts) -> bool:
        """Whether this is the first member of the roster that is matched with its user; records the match."""
        known = facts.known.get(person.key)
        if known is not None and known.user_id != decision.user_id:
            self._not_missing.add(known.user_id)
        if decision.user_id is None:
            return True
        if decision.kind == Kind.CONFLICT and decision.reason != OTHER_VALUE:
            has_it_still = decision.user_id in self._seen and decision.user_id not in self._followed
            return decision.reason != PASSED_ON or not has_it_still
        if decision.kind == Kind.FOLLOW:
            self._followed.add(decision.user_id)
        return self._seen.add(decision.user_id)

    def _items(self, person: Wanted, decision: Decision, facts: Facts) -> Iterator[Item]:
        known = facts.known.get(person.key)
        if known is None and decision.kind in {Kind.ADOPT, Kind.UPDATE, Kind.REACTIVATE}:
            self.joining += 1
        if decision.kind is None:
            self.unchanged += 1
        else:
            content = structs.replace(decision.content, record=record_key(person.record) if person.record else "")
            yield self._item(person.key, person.student_id, person.digest, decision._replace(content=content))
        if known and known.missing and decision.kind in {None, Kind.SKIPPED, Kind.CONFLICT}:
            yield self._item(person.key, person.student_id, person.digest, Decision(Kind.RETURNED, "", known.user_id))

    def _claims(self, decision: Decision) -> set[tuple[str, int]]:
        """The Username values that the newest item would write: (key of the value, number of the item)."""
        if decision.kind not in {*WRITES}:
            return set()
        after = decision.content.after
        ids = (after[name] for name in self._rules.filled if after.get(name))
        return {(key(student_id, ignore_case=self._rules.ignore_case), self._number) for student_id in ids}

    def _facts(self, connection: Transaction, people: Sequence[Wanted], known: dict[str, Known]) -> Facts:
        ids = {loose_key(person.student_id) for person in people}
        places = [self._mapped.names.index(name) for name in self._rules.filled]
        ids |= {loose_key(person.values[place]) for person in people for place in places if person.values[place]}
        holders: dict[str, list[sync_directory.Holder]] = {}
        for holder in sync_directory.holders(connection, sorted(ids)):
            holders.setdefault(holder.folded, []).append(holder)
        users = {h.user_id for found in holders.values() for h in found}
        users |= {known[person.key].user_id for person in people if person.key in known}
        records = [record_key(person.record) for person in people if person.record]
        by_record = {one.record: one for one in self._of_ledger(connection, people_ledger.by_records, records)}
        users |= {one.user_id for one in by_record.values() if one.user_id is not None}
        listed = sorted(users)
        by_user = self._of_ledger(connection, people_ledger.by_users, listed if records else [])
        return Facts(
            known=known,
            holders=holders,
            learners=sync_directory.learners(connection, listed),
            ownerships=sync_people.ownerships_of(connection, listed),
            written=sync_people.written(connection, self._rules.source, listed),
            by_record=by_record,
            by_user={one.user_id: one for one in by_user if one.user_id is not None},
        )

    def _of_ledger(self, connection: Transaction, ask: Ask, asked: Sequence[Any]) -> list[Person]:
        return ask(connection, self._ledger.connection, self._ledger.namespace, asked)

    def _require_fresh(self) -> None:
        if not self._fresh:
            self._refresh_learners()
            self._fresh = True

    def _item(self, key: str, student_id: str, digest: bytes, decision: Decision) -> Item:
        self._number += 1
        kind = decision.kind or Kind.ADOPT
        state = State.PLANNED if kind in WRITES else State.NOTED
        return Item(
            self._number, kind, state, decision.reason, key, student_id, decision.user_id, digest, decision.content
        )


def _where(member: RosterMember) -> str:
    """Where to find a member without a usable student ID: the place in the source, or another id of the LMS."""
    name = next((name for name in _OWN_IDS if member.fields.get(name)), "")
    value = storable(member.fields.get(name, ""), 64)
    return value if name in {"", PLACE} else f"{'record' if name == RECORD else name} {value}"


def can_launch(member: RosterMember) -> bool:
    """Whether the member has a student ID."""
    return is_student_id(normalize(member.student.student_id))


def duplicate(decision: Decision) -> Decision:
    """The decision as a `duplicate` conflict: another member has the same ID or is matched with the same user."""
    involved = decision.involved | ({decision.user_id} if decision.user_id is not None else set())
    note = "another member of the roster has the same ID, or leads to the same OttoLearn user"
    return Decision(Kind.CONFLICT, RunReason.DUPLICATE, decision.user_id, Content(note=note), frozenset(involved))
