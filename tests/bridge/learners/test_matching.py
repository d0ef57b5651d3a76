"""Matching a launch: links first, then the directory, then what the connection does with unknown students."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from types import SimpleNamespace

import pytest
from sqlalchemy import Engine

from bridge.config.retention import DAY, Retention
from bridge.contracts import Assurance, Connection, Kind, Launch, Learner, Match, Student
from bridge.errors import (
    LaunchRejected,
    LearnerAmbiguous,
    LearnerInactive,
    LearnerIncomplete,
    LearnerNotFound,
    OttoBridgeError,
    RemoteRefused,
    RemoteUnavailable,
)
from bridge.jobs.purge import purge
from bridge.learners.directory import Directory
from bridge.learners.ledger import Ledger
from bridge.learners.linking import LinkRefused, connection_for, link, write
from bridge.learners.matching import Matching
from bridge.learners.provisioning import CLAIM_LIVES, Provisioning
from bridge.lti.student import read_student
from bridge.ottolearn.api import Attribute
from bridge.store import aliases, disputes, one_time, people, sync_items, sync_people, sync_runs, unmatched
from bridge.store.sync_items import Content, Item, State
from bridge.store.sync_items import Kind as ItemKind

NAMES = ("username", "employeeId")
ANA = Learner(1, True, {"username": "A1", "firstName": "Ana"})
BO = Learner(2, False, {"username": "B2"})
CY = Learner(3, True, {"employeeId": "C3"})
TWIN = Learner(4, True, {"employeeId": "A1x"})
BARE = Learner(5, True, {"firstName": "Nobody"})
DEFAULTS = {"department": "LMS", "lastName": "(none)"}


class OttoLearn:
    """Plays OttoLearn's API in memory."""

    def __init__(self) -> None:
        self.people = {person.user_id: person for person in (ANA, BO, CY, TWIN, BARE)}
        self.required = ["username", "firstName", "lastName", "department"]
        self.failures: list[OttoBridgeError] = []
        self.attributes_failure: OttoBridgeError | None = None
        self.calls: list[Mapping[str, str]] = []
        self.passwords: set[str] = set()

    def attributes(self) -> list[Attribute]:
        if self.attributes_failure:
            raise self.attributes_failure
        return [Attribute(name, name, "text", name in self.required, False) for name in (*self.required, "city")]

    def create(self, attributes: Mapping[str, str], password: str, active: bool = True) -> Learner:
        self.calls.append(attributes)
        self.passwords.add(password)
        if self.failures:
            raise self.failures.pop()
        made = Learner(max(self.people) + 1, active, dict(attributes))
        self.people[made.user_id] = made
        return made

    def update(self, user_id: int, attributes: Mapping[str, str], active: bool) -> Learner:
        before = self.people[user_id]
        self.people[user_id] = Learner(user_id, active, {**before.attributes, **attributes})
        return self.people[user_id]


class World:
    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.now = 1000.0
        self.ottolearn = OttoLearn()
        self.slept = 0
        self.provisioning: dict[str, Mapping[str, str] | None] = {"campus": None, "open": DEFAULTS}
        self.directory = self.make_directory()
        self.directory.refresh()

    def make_directory(self) -> Directory:
        return Directory(self.engine, NAMES, lambda: [*self.ottolearn.people.values()], lambda: self.now, max_wait=60)

    def matching(self) -> Matching:
        def connection(name: str) -> Connection[object] | None:
            found = Connection(name, SimpleNamespace(), None, provisioning=self.provisioning.get(name))
            return found if name in self.provisioning else None

        tokens = iter(range(1000))
        makes = Provisioning(
            self.engine,
            self.make_directory(),
            self.ottolearn,
            "username",
            lambda: self.now,
            lambda: f"password {next(tokens)}",
            self.sleep,
        )
        ledger = Ledger(self.engine, lambda: self.now)
        return Matching(self.engine, self.make_directory(), NAMES, connection, makes, ledger, lambda: self.now)

    def sleep(self, _: float) -> None:
        self.slept += 1

    def find(
        self, student_id: str, connection: str = "campus", assurance: Assurance = Assurance.SIGNED, record: str = ""
    ) -> Match:
        launch = Launch(Student(student_id, "Zoë", "O’Brien"), Kind.LTI13, assurance, record=record)
        return self.matching().find(connection, launch, student_id)


@pytest.fixture
def world(engine: Engine) -> World:
    return World(engine)


def test_who_is_known_is_found_and_not_noted(world: World) -> None:
    assert world.find("A1") == Match(ANA, "username")
    assert unmatched.newest(world.engine, 10) == []


def test_of_two_records_with_one_id_the_second_does_not_enter_whoever_comes_between(world: World) -> None:
    for _ in range(2):
        assert world.find("A1", record="r1") == Match(ANA, "username")
        with pytest.raises(LaunchRejected, match="identity_of_another"):
            world.find("A1", record="r2")


def test_who_comes_every_week_is_seen_every_week(world: World) -> None:
    for _ in range(2):
        world.now += 7 * DAY
        world.find("A1", record="r1")
    (person,) = people.listed(world.engine, "campus", user_id=ANA.user_id)
    assert person.last_seen == world.now


def test_an_id_that_a_roster_found_in_conflict_lets_nobody_in(world: World) -> None:
    source = sync_people.source_id(world.engine, "campus")
    run = sync_runs.begin(world.engine, source, now=world.now, full=True, settings="")
    item = Item(1, ItemKind.CONFLICT, State.NOTED, "duplicate", "A1", "A1", None, b"", Content())
    with world.engine.begin() as connection:
        sync_items.add(connection, run, [item])
        disputes.replace(connection, "campus", run, whole=True)
    with pytest.raises(LaunchRejected, match="identity_disputed"):
        world.find("A1", record="r1")


def test_who_is_not_found_is_noted_and_counted(world: World) -> None:
    for _ in range(2):
        with pytest.raises(LearnerNotFound):
            world.find("X9")
        world.now += 60
    (row,) = unmatched.newest(world.engine, 10)
    assert row == ("campus", "X9", "Zoë", "O’Brien", "no_match", 2, 1000.0, 1060.0)
    world.ottolearn.people[9] = Learner(9, True, {"username": "TWICE"})
    world.ottolearn.people[8] = Learner(8, True, {"employeeId": "TWICE"})
    world.directory.refresh()
    with pytest.raises(LearnerAmbiguous):
        world.find("TWICE")
    assert unmatched.newest(world.engine, 1)[0].outcome == "ambiguous"


@pytest.mark.parametrize("student_id", ["", "  ", "x" * 256, "a\0b"])
def test_what_is_no_id_is_not_noted(world: World, student_id: str) -> None:
    with pytest.raises(LearnerNotFound):
        world.find(student_id)
    assert unmatched.newest(world.engine, 10) == []


def test_made_up_ids_do_not_fill_the_disk(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unmatched, "MOST", 2)
    for student_id in ("X1", "X2", "X3", "X2"):
        unmatched.note(world.engine, "campus", Student(student_id, "", ""), "no_match", now=1.0)
    assert sorted((row.student_id, row.times) for row in unmatched.newest(world.engine, 10)) == [("X1", 1), ("X2", 2)]


def test_who_was_not_seen_for_half_a_year_is_forgotten(world: World) -> None:
    for student_id, seen in (("old", 0.0), ("new", 2.0)):
        unmatched.note(world.engine, "campus", Student(student_id, "", ""), "no_match", now=seen)
    purge(world.engine, Retention().unmatched * DAY + 1.0, Retention())
    assert [row.student_id for row in unmatched.newest(world.engine, 10)] == ["new"]


def test_a_link_lets_in_for_its_connection_alone_without_asking_ottolearn(world: World) -> None:
    with pytest.raises(LearnerNotFound):
        world.find("X9")
    assert link(world.engine, "campus", "X9", 3, NAMES, now=1.0) == CY
    assert world.find("X9") == Match(CY, "employeeId", by_link=True)
    assert unmatched.newest(world.engine, 10) == []
    with pytest.raises(LearnerNotFound):
        world.find("X9", "open", Assurance.ASSERTED)
    assert aliases.drop(world.engine, "campus", "X9")
    assert not aliases.drop(world.engine, "campus", "X9")
    with pytest.raises(LearnerNotFound):
        world.find("X9")


def test_a_link_is_stronger_than_the_directory(world: World) -> None:
    link(world.engine, "campus", "A1", 3, NAMES, now=1.0)
    assert world.find("A1") == Match(CY, "employeeId", by_link=True)


def test_a_link_with_an_inactive_user_lets_nobody_in(world: World) -> None:
    link(world.engine, "campus", "X9", 2, NAMES, now=1.0)
    with pytest.raises(LearnerInactive):
        world.find("X9")


def test_a_link_with_a_user_who_is_gone_is_no_link(world: World) -> None:
    link(world.engine, "campus", "X9", 3, NAMES, now=1.0)
    del world.ottolearn.people[3]
    world.directory.refresh()
    with pytest.raises(LearnerNotFound):
        world.find("X9")


@pytest.mark.parametrize(("student_id", "user_id"), [("X9", 99), ("", 1), ("X9", 5)])
def test_a_link_that_can_let_nobody_in_is_refused(world: World, student_id: str, user_id: int) -> None:
    with pytest.raises(LinkRefused):
        link(world.engine, "campus", student_id, user_id, NAMES, now=1.0)


def test_the_connection_is_guessed_only_where_there_is_one(world: World) -> None:
    assert connection_for(world.engine, "X9", ["campus"]) == "campus"
    with pytest.raises(LinkRefused, match="campus, open"):
        connection_for(world.engine, "X9", ["campus", "open"])
    with pytest.raises(LearnerNotFound):
        world.find("X9")
    assert connection_for(world.engine, "X9", ["campus", "open"]) == "campus"


def test_an_id_written_into_ottolearn_is_found_at_once_by_every_connection(world: World) -> None:
    with pytest.raises(LearnerNotFound):
        world.find("X9")
    write(world.directory, world.engine, world.ottolearn, "X9", 1, "employeeId")
    assert world.find("X9").learner.user_id == world.find("X9", "open").learner.user_id == 1
    assert unmatched.newest(world.engine, 10) == []


@pytest.mark.parametrize(
    ("student_id", "user_id", "attribute", "why"),
    [
        ("X9", 1, "username", "another value"),
        ("A1", 3, "username", "user 1 has this ID"),
        ("X9", 99, "username", "no user 99"),
        (" ", 3, "username", "no student ID"),
    ],
)
def test_writing_takes_no_id_from_anybody(world: World, student_id, user_id, attribute, why: str) -> None:
    before = dict(world.ottolearn.people)
    with pytest.raises(LinkRefused, match=why):
        write(world.directory, world.engine, world.ottolearn, student_id, user_id, attribute)
    assert world.ottolearn.people == before


def test_a_connection_that_creates_makes_the_user_with_what_ottolearn_requires(world: World) -> None:
    match = world.find("X9", "open")
    assert match.attribute == "username"
    assert match.learner.attributes == {
        "username": "X9",
        "firstName": "Zoë",
        "lastName": "O’Brien",
        "department": "LMS",
    }
    assert world.find("X9", "open").learner == match.learner
    assert world.find("X9", "campus").learner == match.learner
    assert len(world.ottolearn.calls) == 1
    assert unmatched.newest(world.engine, 10) == []


def test_an_unverified_package_makes_nobody(world: World) -> None:
    with pytest.raises(LearnerNotFound, match="vouch"):
        world.find("X9", "open", Assurance.ASSERTED)
    assert world.ottolearn.calls == []
    assert unmatched.newest(world.engine, 10)[0].student_id == "X9"


@pytest.mark.parametrize("connection", ["campus", "gone"])
def test_nobody_is_made_where_nobody_asked_for_it(world: World, connection: str) -> None:
    with pytest.raises(LearnerNotFound):
        world.find("X9", connection)
    assert world.ottolearn.calls == []


def test_what_ottolearn_requires_and_nobody_gives_is_named(world: World) -> None:
    world.ottolearn.required.append("costCentre")
    with pytest.raises(LearnerIncomplete, match="costCentre"):
        world.find("X9", "open")
    assert world.ottolearn.calls == []
    world.provisioning["open"] = {**DEFAULTS, "costCentre": "1"}
    assert world.find("X9", "open")


def test_an_ottolearn_that_does_not_tell_its_attributes_decides_itself(world: World) -> None:
    world.ottolearn.attributes_failure = RemoteRefused("404", status=404)
    assert world.find("X9", "open")


def test_every_new_user_has_a_password_of_their_own(world: World) -> None:
    matching = world.matching()
    for student_id in ("X8", "X9"):
        matching.find("open", Launch(Student(student_id, "Zoë", ""), Kind.LTI13, Assurance.SIGNED), student_id)
    assert len(world.ottolearn.passwords) == 2


@pytest.mark.parametrize("failure", [RemoteRefused("409", status=409), RemoteUnavailable("429", status=429)])
def test_a_refusal_can_be_tried_again_at_once(world: World, failure: OttoBridgeError) -> None:
    world.ottolearn.failures.append(failure)
    with pytest.raises(type(failure)):
        world.find("X9", "open")
    assert world.find("X9", "open")


def test_when_it_is_unknown_whether_a_user_was_made_nobody_makes_another_before_looking(world: World) -> None:
    world.ottolearn.failures.append(RemoteUnavailable("no answer in time"))
    with pytest.raises(RemoteUnavailable):
        world.find("X9", "open")
    with pytest.raises(RemoteUnavailable, match="another launch"):
        world.find("X9", "open")
    assert len(world.ottolearn.calls) == 1
    assert world.slept > 10
    world.ottolearn.people[77] = Learner(77, True, {"username": "X9"})  # it had been made after all
    world.now += CLAIM_LIVES
    assert world.find("X9", "open").learner.user_id == 77
    assert len(world.ottolearn.calls) == 1


@pytest.mark.parametrize(("student_id", "found"), [("C3", Match(CY, "employeeId")), ("A1", Match(ANA, "username"))])
def test_a_user_made_a_moment_before_is_not_made_again(world: World, student_id: str, found: Match) -> None:
    student = Student(student_id, "Zoë", "")
    assert world.matching().provisioning.make(student, student_id, Assurance.SIGNED, DEFAULTS) == found
    assert world.ottolearn.calls == []


def test_an_inactive_user_met_while_making_one_is_not_let_in(world: World) -> None:
    with pytest.raises(LearnerInactive):
        world.matching().provisioning.make(Student("B2", "", ""), "B2", Assurance.SIGNED, DEFAULTS)
    assert one_time.claim(world.engine, "newcomer b2", now=world.now, until=world.now + 1)
    with pytest.raises(LearnerInactive):
        world.matching().provisioning.make(Student("B2", "", ""), "B2", Assurance.SIGNED, DEFAULTS)


def test_two_launches_at_once_make_one_user(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.learners.provisioning.PATIENCE", 6_000.0)  # with steps of 0.01 s, and not of STEP
    start = Barrier(4)

    def launch(_: int) -> int:
        matching = world.matching()
        start.wait(60)
        student = Student("X9", "Zoë", "O’Brien")
        return matching.provisioning.make(student, "X9", Assurance.SIGNED, DEFAULTS).learner.user_id

    world.sleep = lambda _: __import__("time").sleep(0.01)
    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(launch, range(4)))) == 1
    assert len(world.ottolearn.calls) == 1


@pytest.mark.parametrize(("ignore_case", "record"), [(True, ""), (True, "sub-1"), (False, "sub-1")])
def test_one_newcomer_who_launches_in_three_spellings_at_once_is_one_user(
    world: World, ignore_case: bool, record: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.learners.provisioning.PATIENCE", 6_000.0)  # with steps of 0.01 s, and not of STEP
    start = Barrier(3)

    def launch(student_id: str) -> int | None:
        matching = world.matching()
        start.wait(60)
        student = Student(student_id, "Zoë", "O’Brien")
        how = {"ignore_case": ignore_case, "record": record}
        try:
            return matching.provisioning.make(student, student_id, Assurance.SIGNED, DEFAULTS, **how).learner.user_id
        except RemoteUnavailable:
            return None

    world.sleep = lambda _: __import__("time").sleep(0.01)
    with ThreadPoolExecutor(3) as pool:
        found = [*pool.map(launch, ("ab-9", "AB-9", "Ab-9"))]
    assert len(world.ottolearn.calls) == 1
    assert {*found} - {None} == {max(world.ottolearn.people)}
    assert None not in found or not ignore_case


def test_two_newcomers_whose_ids_differ_in_case_are_two_users(world: World) -> None:
    student = Student("abc-9", "Zoë", "")
    for student_id, record in (("abc-9", "sub-1"), ("ABC-9", "sub-2")):
        world.matching().provisioning.make(student, student_id, Assurance.SIGNED, DEFAULTS, record=record)
    assert [call["username"] for call in world.ottolearn.calls] == ["abc-9", "ABC-9"]


def test_a_record_whose_user_could_not_be_made_is_tried_again(world: World) -> None:
    world.ottolearn.failures.append(RemoteRefused("required", status=400))
    student, make = Student("X9", "Zoë", ""), world.matching().provisioning.make
    with pytest.raises(RemoteRefused):
        make(student, "X9", Assurance.SIGNED, DEFAULTS, record="sub-1")
    assert make(student, "X9", Assurance.SIGNED, DEFAULTS, record="sub-1").learner.attributes["username"] == "X9"


def test_somebody_with_one_name_is_told_apart_from_somebody_unknown(world: World) -> None:
    """Moodle demands a last name, so that they carry `-` there, which is none."""
    world.provisioning["open"] = {"department": "LMS"}
    plato = Launch(read_student("X10", "Plato", "-", ""), Kind.LTI13, Assurance.SIGNED)
    with pytest.raises(LearnerIncomplete, match="lastName"):
        world.matching().find("open", plato, "X10")
    assert unmatched.newest(world.engine, 1)[0].outcome == "no_match"
    world.provisioning["open"] = {"department": "LMS", "lastName": "-"}
    assert world.matching().find("open", plato, "X10").learner.attributes["lastName"] == "-"


def test_an_id_corrected_by_hand_in_ottolearn_makes_no_second_user_for_who_launches_by_the_old_one(
    world: World,
) -> None:
    launch = Launch(Student("A1", "Ana", ""), Kind.LTI13, Assurance.SIGNED, record="sub-1")
    assert world.matching().find("open", launch, "A1").learner == ANA
    world.ottolearn.update(1, {"username": "A1-fixed"}, True)
    world.directory.refresh()
    with pytest.raises(LaunchRejected, match="identity_changed"):
        world.matching().find("open", launch, "A1")
    assert world.ottolearn.calls == []
    del world.ottolearn.people[1]
    world.directory.refresh(accept_fewer=True)
    assert world.matching().find("open", launch, "A1").learner.user_id > 5
