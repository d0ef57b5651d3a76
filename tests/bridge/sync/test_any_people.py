"""People, not strings: whatever becomes of IDs, nobody enters somebody else's account.

An account is somebody's from the moment when a launch or a roster first says so; before that nobody can know.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from bridge.contracts import Assurance, Connection, Kind, Launch, RosterMember, Student
from bridge.errors import OttoBridgeError
from bridge.learners import linking, persons
from bridge.learners.ledger import Ledger
from bridge.learners.matching import Matching
from bridge.learners.provisioning import Provisioning
from bridge.store import people as ledger
from bridge.store.engine import open_database
from tests.bridge.sync.crashing import Crashing
from tests.bridge.sync.world import USERNAMES, World, member

WHO = st.integers(0, 11)


@dataclass(eq=False)
class Someone:
    """A person of flesh and blood. Their record and their ID in the LMS may change; they stay themselves."""

    number: int
    record: str
    student_id: str
    enrolled: bool = True
    undisturbed: bool = True
    """Nobody ever had the same ID, and it never changed: whoever is right must enter."""


class AnyPeople(RuleBasedStateMachine):
    """One LMS with launches and a roster by the same records, and one OttoLearn; the test sets `template`."""

    template: Path
    """A migrated database."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        shutil.copy(self.template, self.folder / "bridge.db")
        self.engine = open_database(f"sqlite:///{self.folder / 'bridge.db'}")
        self.world = World(self.engine, self.folder)
        self.world.roster_namespace = Kind.LTI13
        self.crashing = Crashing(self.engine)
        self.people: list[Someone] = []
        self.owner: dict[int, Someone] = {}
        self.fresh = 0
        self.matching = Matching(
            self.engine,
            self.world.learners,
            USERNAMES,
            lambda name: cast(
                "Connection[Any]", SimpleNamespace(ignore_case=False, look_up=None, provisioning=None, name=name)
            ),
            cast("Provisioning", None),
            Ledger(self.engine, self.world.now),
            self.world.now,
        )

    @initialize()
    def some_are_known_to_all(self) -> None:
        for _ in range(3):
            self.somebody_comes()
        self.it_syncs(full=True, follows=False)

    # the LMS

    @rule()
    def somebody_comes(self) -> None:
        self.people.append(Someone(len(self.people), self.new("r"), self.new("id")))

    @precondition(lambda self: self.people)
    @rule(who=WHO)
    def somebody_leaves_or_comes_back(self, who: int) -> None:
        someone = self.one(who)
        someone.enrolled = not someone.enrolled

    @precondition(lambda self: self.people)
    @rule(who=WHO)
    def an_id_is_corrected(self, who: int) -> None:
        someone = self.one(who)
        someone.student_id, someone.undisturbed = self.new("id"), False

    @precondition(lambda self: len(self.people) > 1)
    @rule(who=WHO, other=WHO)
    def an_id_is_given_to_somebody_else_too(self, who: int, other: int) -> None:
        self.disturb(self.one(who), self.one(other))
        self.one(other).student_id = self.one(who).student_id

    @precondition(lambda self: len(self.people) > 1)
    @rule(who=WHO, other=WHO)
    def two_ids_are_swapped(self, who: int, other: int) -> None:
        one, two = self.one(who), self.one(other)
        self.disturb(one, two)
        one.student_id, two.student_id = two.student_id, one.student_id

    @precondition(lambda self: self.people)
    @rule(who=WHO)
    def an_id_is_passed_on_to_somebody_new(self, who: int) -> None:
        old = self.one(who)
        old.enrolled = False
        self.people.append(Someone(len(self.people), self.new("r"), old.student_id))
        self.disturb(old, self.people[-1])

    @precondition(lambda self: self.people)
    @rule(who=WHO)
    def an_account_is_made_anew(self, who: int) -> None:
        someone = self.one(who)
        someone.record, someone.undisturbed = self.new("r"), False

    # OttoLearn

    @precondition(lambda self: self.people)
    @rule(who=WHO)
    def a_user_is_made_by_hand(self, who: int) -> None:
        someone, users = self.one(who), self.world.ottolearn.users
        taken = {value for user in users.values() for value in user.attributes.values()}
        if someone.undisturbed and someone.student_id not in taken and someone not in self.owner.values():
            user_id = max(users, default=0) + 1
            self.world.ottolearn.add(user_id, firstName="Ada", lastName="Lovelace", username=someone.student_id)
            self.world.learners.refresh(accept_fewer=True)

    @precondition(lambda self: self.world.ottolearn.users)
    @rule(who=WHO)
    def a_username_is_changed_by_hand(self, who: int) -> None:
        user_id = sorted(self.world.ottolearn.users)[who % len(self.world.ottolearn.users)]
        self.world.ottolearn.edit(user_id, username=self.new("hand"))
        if user_id in self.owner:
            self.owner[user_id].undisturbed = False
        self.world.learners.refresh(accept_fewer=True)

    # the bridge

    @rule(full=st.booleans(), follows=st.booleans())
    def it_syncs(self, full: bool, follows: bool) -> None:
        self.world.follows_ids = follows
        self.world.lms.members = self.roster()
        self.world.run(full=full)
        self.own_what_is_new()

    @rule(statements=st.integers(1, 80))
    def it_is_killed(self, statements: int) -> None:
        self.world.lms.members = self.roster()
        self.crashing.survives(statements, self.world.run)
        self.world.time += 86_400
        self.own_what_is_new()

    @rule()
    def everybody_launches(self) -> None:
        for someone in self.people:
            if someone.enrolled:
                self.launch(someone)

    @precondition(lambda self: self.people)
    @rule(who=WHO)
    def somebody_launches(self, who: int) -> None:
        if self.one(who).enrolled:
            self.launch(self.one(who))

    # administrators, who know who is who

    @precondition(lambda self: self.owner)
    @rule(who=WHO)
    def a_changed_id_is_followed(self, who: int) -> None:
        user_id = sorted(self.owner)[who % len(self.owner)]
        user = self.world.ottolearn.users.get(user_id)
        someone = self.owner[user_id]
        if user is None or self.shares_an_id(someone):
            return
        old = user.attributes["username"]
        with_old = [person for person in self.people if person.student_id == old]
        if old == someone.student_id or with_old:
            return
        try:
            persons.follow(
                self.world.learners,
                self.engine,
                self.world.ottolearn,
                *("campus", old, someone.student_id, USERNAMES),
                now=self.world.now(),
            )
        except (persons.PersonRefused, linking.LinkRefused):
            return
        assert self.world.ottolearn.users[user_id].attributes["username"] == someone.student_id

    @precondition(lambda self: self.owner)
    @rule(who=WHO)
    def an_id_is_linked_with_the_account_of_who_has_it(self, who: int) -> None:
        user_id = sorted(self.owner)[who % len(self.owner)]
        someone = self.owner[user_id]
        if user_id in self.world.ottolearn.users and not self.shares_an_id(someone):
            try:
                linking.link(self.engine, "campus", someone.student_id, user_id, USERNAMES, now=self.world.now())
            except linking.LinkRefused:
                return

    @precondition(lambda self: self.people)
    @rule(who=WHO)
    def a_record_is_let_go_for_an_account_made_anew(self, who: int) -> None:
        someone = self.one(who)
        owned = [user_id for user_id, owner in self.owner.items() if owner is someone]
        has_id = [user_id for user_id in owned if self.username(user_id) == someone.student_id]
        is_known = ledger.of_record(self.engine, "campus", Kind.LTI13, someone.record) is not None
        if has_id and someone.enrolled and not is_known and not self.shares_an_id(someone):
            persons.release(self.engine, "campus", someone.student_id)
            self.launch(someone)  # whoever comes next is believed

    @invariant()
    def nobody_s_account_has_changed_its_person(self) -> None:
        for user_id, someone in self.owner.items():
            user = self.world.ottolearn.users.get(user_id)
            strangers = {person.student_id for person in self.people if person is not someone and person.undisturbed}
            assert user is None or user.attributes.get("username") not in strangers
            assert user is None or user.attributes["firstName"] in {"Ada", f"N{someone.number}"}

    def teardown(self) -> None:
        """In the end, after a whole roster, whoever is right enters."""
        self.world.lms.members = self.roster()
        self.world.run(full=True)
        self.own_what_is_new()
        for someone in self.people:
            if someone.enrolled and someone.undisturbed:
                user_id = self.enter(someone)
                assert user_id is not None, f"{someone} did not get in"
                assert self.owner.setdefault(user_id, someone) is someone
        self.engine.dispose()
        shutil.rmtree(self.folder)

    def new(self, what: str) -> str:
        self.fresh += 1
        return f"{what}{self.fresh}"

    def one(self, who: int) -> Someone:
        return self.people[who % len(self.people)]

    def disturb(self, *people: Someone) -> None:
        ids = {someone.student_id for someone in people}
        for someone in self.people:
            if someone.student_id in ids:
                someone.undisturbed = False

    def shares_an_id(self, someone: Someone) -> bool:
        return any(other is not someone and other.student_id == someone.student_id for other in self.people)

    def username(self, user_id: int) -> str:
        user = self.world.ottolearn.users.get(user_id)
        return user.attributes.get("username", "") if user else ""

    def roster(self) -> list[RosterMember]:
        return [
            member(someone.student_id, first=f"N{someone.number}", record=someone.record)
            for someone in self.people
            if someone.enrolled
        ]

    def own_what_is_new(self) -> None:
        """Whom a sync made an account for: the one member of the roster whose ID and name it was given."""
        for user_id, user in self.world.ottolearn.users.items():
            if user_id not in self.owner and user.attributes["firstName"].startswith("N"):
                self.owner[user_id] = self.people[int(user.attributes["firstName"][1:])]

    def launch(self, someone: Someone) -> None:
        user_id = self.enter(someone)
        if user_id is not None:
            assert self.owner.setdefault(user_id, someone) is someone, f"{someone} entered the account {user_id}"

    def enter(self, someone: Someone) -> int | None:
        """The user as whom they enter; None where they are refused."""
        self.world.time += 60
        launch = Launch(Student(someone.student_id, "", ""), Kind.LTI13, Assurance.SIGNED, record=someone.record)
        try:
            return self.matching.find("campus", launch, someone.student_id).learner.user_id
        except OttoBridgeError:
            return None


def test_nobody_ever_enters_an_account_that_is_not_theirs(migrated_sqlite: Path) -> None:
    AnyPeople.template = migrated_sqlite
    examples = int(os.environ.get("OTTOBRIDGE_EXAMPLES", "25"))
    run_state_machine_as_test(
        AnyPeople,
        settings=settings(
            max_examples=examples,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.explicit, Phase.reuse, Phase.generate),  # shrinking takes longer than reading what it found
        ),
    )
