"""Two rosters, plans that lie open, in any order: in the end whoever is on a roster is in, and nobody else."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from bridge.store.engine import open_database
from bridge.sync.stale import PlanStale
from tests.bridge.sync.world import Lms, World, member

PEOPLE = st.sampled_from([f"p{number}" for number in range(4)])
ROSTERS = st.sampled_from(["c", "h"])


class AnyTwo(RuleBasedStateMachine):
    """Two connections and one OttoLearn; the test sets `template`."""

    template: Path
    """A migrated database."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        shutil.copy(self.template, self.folder / "bridge.db")
        self.engine = open_database(f"sqlite:///{self.folder / 'bridge.db'}")
        self.world = World(self.engine, self.folder)
        self.there: dict[str, set[str]] = {"c": set(), "h": set()}
        self.plans: dict[str, int] = {}

    @rule(person=PEOPLE, name=ROSTERS)
    def somebody_comes_or_goes(self, person: str, name: str) -> None:
        self.there[name] ^= {person}

    @rule(person=PEOPLE)
    def somebody_moves(self, person: str) -> None:
        for there in self.there.values():
            there ^= {person}

    @rule(name=ROSTERS, full=st.booleans())
    def one_syncs(self, name: str, full: bool) -> None:
        self.world.run(name, self.lms(name), full=full)

    @rule(name=ROSTERS)
    def one_plans(self, name: str) -> None:
        self.plans[name] = self.world.plan(name, self.lms(name)).run

    @rule(name=ROSTERS)
    def one_applies(self, name: str) -> None:
        if name in self.plans:
            with suppress(PlanStale):
                self.world.apply(self.plans.pop(name), name, self.lms(name))

    def lms(self, name: str) -> Lms:
        return Lms([member(person) for person in sorted(self.there[name])])

    def teardown(self) -> None:
        for _ in range(2):
            for name in self.there:
                self.world.run(name, self.lms(name))
        active = {u.attributes["username"] for u in self.world.ottolearn.users.values() if u.active}
        assert active == self.there["c"] | self.there["h"]
        self.engine.dispose()
        shutil.rmtree(self.folder)


def test_any_sequence_of_two_rosters_ends_with_their_people_and_nobody_else(migrated_sqlite: Path) -> None:
    AnyTwo.template = migrated_sqlite
    run_state_machine_as_test(
        AnyTwo,
        settings=settings(
            max_examples=25, stateful_step_count=14, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
