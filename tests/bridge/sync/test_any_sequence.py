"""Whatever happens in whatever order: in the end OttoLearn equals the roster, and nobody else was written to."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from bridge.contracts import RosterMember
from bridge.errors import RemoteUnavailable
from bridge.store.engine import open_database
from tests.bridge.sync.crashing import Crashing
from tests.bridge.sync.world import World, member

PEOPLE = st.sampled_from([f"p{number}" for number in range(8)])
NAMES = st.sampled_from(["Ada", "Zoë", "O'Brien", "李", "محمد"])
BY_HAND = range(101, 104)


class AnySequence(RuleBasedStateMachine):
    """One connection, one OttoLearn; the test sets `template`."""

    template: Path
    """A migrated database."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        shutil.copy(self.template, self.folder / "bridge.db")
        self.engine = open_database(f"sqlite:///{self.folder / 'bridge.db'}")
        self.world = World(self.engine, self.folder)
        self.world.lms.now = self.world.now
        self.crashing = Crashing(self.engine)
        self.there: dict[str, str] = {}
        self.suspended: set[str] = set()

    @initialize()
    def some_users_are_not_ours(self) -> None:
        for user_id in BY_HAND:
            self.world.ottolearn.add(user_id, firstName="By", lastName="Hand", username=f"hand{user_id}")
        self.by_hand = {user_id: self.world.ottolearn.users[user_id] for user_id in BY_HAND}

    @rule(person=PEOPLE, name=NAMES)
    def somebody_comes_or_is_renamed(self, person: str, name: str) -> None:
        self.there[person] = name
        self.tell(person)

    @rule(person=PEOPLE)
    def somebody_goes(self, person: str) -> None:
        self.there.pop(person, None)

    @rule(person=PEOPLE)
    def somebody_is_suspended_or_back(self, person: str) -> None:
        self.suspended ^= {person}
        if person in self.there:
            self.tell(person)

    @rule(person=PEOPLE, name=NAMES)
    def somebody_was_there_before_us(self, person: str, name: str) -> None:
        users = self.world.ottolearn.users
        if all(user.attributes["username"] != person for user in users.values()):
            self.world.ottolearn.add(max(users) + 1, firstName=name, lastName="Lovelace", username=person)

    @rule(full=st.booleans())
    def it_syncs(self, full: bool) -> None:
        self.world.lms.members = self.roster()
        active = self.active()
        if self.world.run(full=full).kind == "in_between":
            assert self.active() >= active - self.suspended

    @rule(statements=st.integers(1, 120))
    def it_is_killed(self, statements: int) -> None:
        self.world.lms.members = self.roster()
        self.crashing.survives(statements, self.world.run)
        self.world.time += 86_400

    @rule(calls=st.integers(0, 5))
    def answers_are_lost(self, calls: int) -> None:
        lost = iter([True] * calls)
        self.world.ottolearn.lose = lambda deed: next(lost, False)
        self.it_syncs(full=False)
        self.world.ottolearn.lose = lambda deed: False

    @rule(calls=st.integers(0, 40))
    def ottolearn_fails_for_a_while(self, calls: int) -> None:
        failing = iter([RemoteUnavailable("502", status=502)] * calls)
        self.world.ottolearn.fail = lambda deed, attributes: next(failing, None)
        self.it_syncs(full=False)
        self.world.ottolearn.fail = lambda deed, attributes: None

    @rule(keep=st.integers(0, 4))
    def the_roster_breaks_off(self, keep: int) -> None:
        self.world.lms.members, self.world.lms.ends = self.roster()[:keep], False
        active = self.active()
        self.world.run()
        self.world.lms.ends = True
        assert self.active() >= active

    @invariant()
    def nobody_else_was_touched(self) -> None:
        if not hasattr(self, "by_hand"):
            return
        assert {user_id: self.world.ottolearn.users[user_id] for user_id in BY_HAND} == self.by_hand
        names = [user.attributes["username"] for user in self.world.ottolearn.users.values()]
        assert len(names) == len(set(names))

    def tell(self, person: str) -> None:
        """Let the source tell of the change; of those who go it never does."""
        self.world.lms.change(self.member(person))

    def member(self, person: str) -> RosterMember:
        return member(person, first=self.there[person], active=person not in self.suspended)

    def roster(self) -> list[RosterMember]:
        return [self.member(person) for person in sorted(self.there)]

    def active(self) -> set[str]:
        return {u.attributes["username"] for u in self.world.ottolearn.users.values() if u.active}

    def teardown(self) -> None:
        if hasattr(self, "by_hand"):
            self.it_ends_well()
        self.engine.dispose()
        shutil.rmtree(self.folder)

    def it_ends_well(self) -> None:
        self.world.lms.members = self.roster()
        self.world.run(full=True)
        outcome = self.world.run(full=True)
        wanted = {p: name for p, name in self.there.items() if p not in self.suspended}
        users = {u.attributes["username"]: u for u in self.world.ottolearn.users.values()}
        assert outcome.status == "done"
        assert {p: users[p].attributes["firstName"] for p in wanted} == wanted
        assert all(users[p].active for p in wanted)
        brought = {user_id for _, user_id in self.world.ottolearn.writes}
        assert not any(
            u.active for u in users.values() if u.user_id in brought and u.attributes["username"] not in wanted
        )
        assert (outcome.created, outcome.updated, outcome.deactivated) == (0, 0, 0)


def test_any_sequence_ends_with_ottolearn_equal_to_the_roster(migrated_sqlite: Path) -> None:
    AnySequence.template = migrated_sqlite
    examples = int(os.environ.get("OTTOBRIDGE_EXAMPLES", "25"))
    health = list(HealthCheck)
    run_state_machine_as_test(
        AnySequence,
        settings=settings(max_examples=examples, stateful_step_count=14, deadline=None, suppress_health_check=health),
    )
