"""The planner of an incremental run: it reads changes alone, so absence from them does not mean that somebody left."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bridge.contracts import RosterMember
from bridge.errors import RosterIncomplete
from bridge.roster.id_set import IdSet
from bridge.store import sync_directory, sync_people, sync_runs
from bridge.store.database import Transaction
from bridge.store.sync_items import Kind
from bridge.store.sync_people import Known, Membership, Missing
from bridge.sync.facts import Decision, Facts, Rules
from bridge.sync.mapping import Wanted, same_record
from bridge.sync.plan import Planner, can_launch, duplicate
from bridge.sync.record import Job


class ChangesPlanner(Planner):
    """Takes for missing only the people whom the source reports as having left.

    Two members with one ID are a conflict, but among changes only one of them may be present. So a conflict of the
    last full run lasts until the next one, and so does the match of a user with another record of the source.
    """

    def __init__(self, job: Job, rules: Rules) -> None:
        super().__init__(job, rules, full=False)
        self._whole = sync_runs.last_whole(job.context.engine, job.target.source)
        self._left = IdSet()
        self._anybody_left = False
        self._anybody_named = False
        self._in_conflict: set[str] = set()
        self._owners: dict[int, bytes] = {}

    def read(self, groups: Iterable[Sequence[RosterMember]]) -> None:
        """Compare what changed. Raises RosterIncomplete where nobody in it has an ID, and what reading raises.

        A source that has stopped giving IDs looks like one in which only people without any changed.
        """
        super().read(groups)
        if self.read_total and not self._anybody_named:
            raise RosterIncomplete(f"none of {self.read_total} people that changed has a student ID")

    def finish(self, now: float) -> None:
        """Plan for the people whom the source reports as having left."""
        if self._anybody_left:
            super().finish(now)

    def _is_missing(self, person: Missing) -> bool:
        return person.user_id in self._left and super()._is_missing(person)

    def _compare(self, connection: Transaction, members: Sequence[RosterMember]) -> None:
        super()._compare(connection, members)
        self._anybody_named = self._anybody_named or any(can_launch(member) for member in members)
        left = [self._mapped.want(m) for m in members if not m.active and can_launch(m)]
        if left:
            self._note_left(connection, left)

    def _note_left(self, connection: Transaction, left: Sequence[Wanted]) -> None:
        keys = {person.key for person in left}
        keys -= sync_directory.in_conflict(connection, self._rules.source, self._whole, keys)
        known = sync_people.known(connection, self._rules.source, list(keys))
        for person in left:
            found = known.get(person.key)
            if found and found.membership == Membership.PRESENT and same_record(found.digest, person.digest):
                self._left.add(found.user_id)
                self._anybody_left = True

    def _facts(self, connection: Transaction, people: Sequence[Wanted], known: dict[str, Known]) -> Facts:
        facts = super()._facts(connection, people, known)
        source = self._rules.source
        self._in_conflict = sync_directory.in_conflict(
            connection, source, self._whole, {person.key for person in people}
        )
        self._owners = dict(sync_directory.owners(connection, source, facts.learners))
        return facts

    def _decide(self, person: Wanted, values: dict[str, str], facts: Facts) -> Decision:
        decision = super()._decide(person, values, facts)
        if decision.kind == Kind.CONFLICT or not self._is_somebody_elses(person, decision):
            return decision
        return duplicate(decision)

    def _is_somebody_elses(self, person: Wanted, decision: Decision) -> bool:
        owner = None if decision.user_id is None else self._owners.get(decision.user_id)
        return person.key in self._in_conflict or (owner is not None and not same_record(owner, person.digest))
