"""The planner of a connection that only links (bridge/sync/link.py).

Nothing here writes to OttoLearn or to the snapshot: the connection does not own the users that it links, and another
connection may still deactivate them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from bridge.contracts import PLACE, Learner, RosterMember
from bridge.identifiers import is_no_id, is_student_id, key, loose_key, normalize
from bridge.roster.id_set import IdSet
from bridge.roster.settings import Link
from bridge.store import learners, sync_directory, sync_items
from bridge.store.database import Transaction
from bridge.store.sync_directory import Holder
from bridge.store.sync_items import Item, Kind
from bridge.store.text import storable
from bridge.sync.facts import Decision, Rules
from bridge.sync.link import Row, decide_link, duplicate_link, match_key, no_link, other_values
from bridge.sync.plan import NO_DIGEST, Planner
from bridge.sync.reasons import RunReason
from bridge.sync.record import Job
from bridge.sync.value_index import UsersByValue


class LinkPlanner(Planner):
    """Makes the plan of a linking run, in which nobody is missing and no user is taken over."""

    def __init__(self, job: Job, rules: Rules, link: Link) -> None:
        """`unchanged` then counts rows whose people are linked already, `joining` new links."""
        super().__init__(job, rules, full=True)
        self._link = link
        self._users = UsersByValue([])
        self._kept = IdSet()
        """Users who already have the ID of a row."""

    def read(self, groups: Iterable[Sequence[RosterMember]]) -> None:
        """Plan every row. Raises what reading them raises."""
        self._require_fresh()
        self._users = UsersByValue(self._held())
        super().read(groups)

    def finish(self, now: float) -> None:
        """Nobody is ever deactivated."""

    def _compare(self, connection: Transaction, members: Sequence[RosterMember]) -> None:
        self.read_total += len(members)
        items: list[Item] = []
        claims: set[tuple[str, int]] = set()
        again: set[int] = set()
        looked_up = [*self._looked_up(connection, [self._row(member) for member in members])]
        written = self._written(connection, looked_up)
        for row, found, holders in looked_up:
            decision = self._judge(row, found, holders, written.get(found[0].user_id, {}) if found else {})
            if decision.reason == RunReason.DUPLICATE and decision.user_id is not None:
                again.add(decision.user_id)
            if decision.kind is not None:
                items.append(self._item(*_named(row), NO_DIGEST, decision))
            if decision.kind == Kind.LINK:
                claims.add((row.key, self._number))
        if items:
            with self._engine.begin() as transaction:
                sync_items.add(transaction, self._run, items)
                sync_items.claim(transaction, self._run, claims)
                if again:
                    sync_items.to_conflict(transaction, self._run, RunReason.DUPLICATE, keys=(), users=again)
        self._progress(self.read_total)

    def _looked_up(
        self, connection: Transaction, rows: Sequence[Row]
    ) -> Iterator[tuple[Row, list[Learner], Sequence[Holder]]]:
        """Each row with the users whom its value finds, and with the holders of its student ID."""
        candidates = [self._users.find(row.match) for row in rows]
        ids = sorted({user_id for found in candidates for user_id in found})
        learners = sync_directory.learners(connection, ids)
        holders: dict[str, list[Holder]] = {}
        asked = {loose_key(row.student_id) for row in rows if row.key}
        for holder in sync_directory.holders(connection, sorted(asked)):
            holders.setdefault(self._same(holder.value), []).append(holder)
        for row, found in zip(rows, candidates, strict=True):
            yield row, self._found(row, found, learners), holders.get(row.key, ())

    def _written(
        self, connection: Transaction, looked_up: Sequence[tuple[Row, list[Learner], Sequence[Holder]]]
    ) -> dict[int, dict[str, str]]:
        """What this connection last wrote into the users who have another ID than their row."""
        carriers = self._mapped.carriers
        users = {f.user_id for row, found, _ in looked_up for f in found if other_values(row, f, carriers)}
        return sync_items.linked(connection, self._rules.source, sorted(users))

    def _judge(
        self, row: Row, found: Sequence[Learner], holders: Sequence[Holder], written: Mapping[str, str]
    ) -> Decision:
        if not row.key:
            return no_link(RunReason.NO_STUDENT_ID if is_no_id(row.student_id) else RunReason.BAD_STUDENT_ID, row)
        decision = decide_link(row, found, holders, self._mapped.carriers, self._link, self._rules, written)
        if decision.user_id is None:
            return decision
        if decision.kind is None:
            if decision.user_id in self._seen:
                return duplicate_link(row, decision)
            self._kept.add(decision.user_id)
            self.unchanged += 1
        elif decision.kind == Kind.LINK:
            if decision.user_id in self._kept or not self._seen.add(decision.user_id):
                return duplicate_link(row, decision)
            self.joining += 1
        return decision

    def _found(self, row: Row, candidates: Sequence[int], learners: dict[int, Learner]) -> list[Learner]:
        there = [learners[user_id] for user_id in candidates if user_id in learners]
        return [learner for learner in there if self._match_value(learner) == row.match]

    def _held(self) -> Iterator[tuple[str, int]]:
        """(match key of the attribute, user id) of every OttoLearn user who has a value."""
        for page in learners.pages(self._engine):
            for learner in page:
                if value := self._match_value(learner):
                    yield value, learner.user_id

    def _match_value(self, learner: Learner) -> str:
        return match_key(learner.attributes.get(self._link.attribute, ""), ignore_case=self._rules.ignore_case)

    def _same(self, student_id: str) -> str:
        return key(student_id, ignore_case=self._rules.ignore_case)

    def _row(self, member: RosterMember) -> Row:
        student_id = normalize(member.student.student_id)
        value = match_key(member.fields.get(self._link.field, ""), ignore_case=self._rules.ignore_case)
        own = self._same(student_id) if is_student_id(student_id) else ""
        return Row(value, student_id, own, member.fields.get(PLACE, ""))


def _named(row: Row) -> tuple[str, str]:
    """Key and student ID of the row's item."""
    student_id = row.student_id if row.key else storable(row.student_id, 255)
    return row.key or student_id, student_id
