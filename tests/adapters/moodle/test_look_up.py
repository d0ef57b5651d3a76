"""One person of a Moodle, asked for at a launch: exactly whoever has the ID, all of them where two share it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from adapters.moodle import ADAPTER
from adapters.moodle.look_up import look_up, record_of_launch
from adapters.moodle.roster import read_roster
from adapters.moodle.settings import Settings
from bridge.contracts import Kind, RosterMember
from bridge.errors import ConfigError, RemoteRefused, RosterIncomplete
from tests.fakes.contexts import Clock, read_whole
from tests.fakes.moodle import ADMIN, FUNCTIONS, GUEST, RIGHTS, FakeMoodle, Person, deleted

ANA = Person(3, "ana", "Ana", "García López", "ana@example.invalid", "A12001", profile=(("sisid", "SIS-1"),))
BEA = Person(4, "bea", "Bea", "Twin", "bea@example.invalid", "A12001")
OLD = deleted(Person(5, "old", "Old", "Gone", "old@example.invalid", "A9"))
NEW = Person(6, "new", "New", "Unconfirmed", "new@example.invalid", "A6", confirmed=False)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def moodle() -> Iterator[FakeMoodle]:
    with FakeMoodle(people=[GUEST, ADMIN, ANA, OLD, NEW]) as moodle:
        yield moodle


def found(moodle: FakeMoodle, clock: Clock, student_id: str, /, **settings: Any) -> list[RosterMember]:
    return list(look_up(moodle.settings(**settings), clock.context(), student_id))


@pytest.mark.parametrize(
    ("student_id", "value"),
    [("idnumber", "A12001"), ("username", "ana"), ("user_id", "3"), ("email", "ana@example.invalid")],
)
def test_whoever_is_looked_up_is_whom_the_roster_names(
    moodle: FakeMoodle, clock: Clock, student_id: str, value: str
) -> None:
    roster = read_whole(read_roster(moodle.settings(student_id=student_id), clock.context()))
    (member,) = found(moodle, clock, value, student_id=student_id)
    assert member == next(one for one in roster if one.student.student_id == value)
    assert sum(moodle.count.values()) > 1


@pytest.mark.parametrize(
    ("student_id", "value"),
    [
        ("idnumber", "A404"),
        ("idnumber", "%"),
        ("user_id", "three"),
        ("user_id", "٣"),
        ("idnumber", "A6"),
        ("email", "no address"),
        ("user_id", "5"),
    ],
)
def test_whoever_is_not_there_or_may_not_log_in_is_nobody(
    moodle: FakeMoodle, clock: Clock, student_id: str, value: str
) -> None:
    assert found(moodle, clock, value, student_id=student_id) == []


def test_two_who_share_an_idnumber_are_two(moodle: FakeMoodle, clock: Clock) -> None:
    moodle.people.append(BEA)
    assert len(found(moodle, clock, "A12001")) == 2


def test_a_user_name_in_capitals_is_asked_for_as_moodle_keeps_it(moodle: FakeMoodle, clock: Clock) -> None:
    (member,) = found(moodle, clock, "ANA", student_id="username")
    assert member.student.student_id == "ana"


def test_whoever_is_suspended_comes_as_inactive(moodle: FakeMoodle, clock: Clock) -> None:
    moodle.people[2] = ANA._replace(suspended=True)
    (member,) = found(moodle, clock, "A12001")
    assert not member.active


@pytest.mark.parametrize("filters", [{"courses": [5]}, {"cohorts": [9]}, {"courses": [6], "cohorts": [9]}])
def test_only_people_of_the_roster_s_courses_and_cohorts_are_somebody(
    moodle: FakeMoodle, clock: Clock, filters: dict[str, list[int]]
) -> None:
    moodle.functions = [*FUNCTIONS, "core_enrol_get_users_courses"]
    moodle.courses, moodle.cohorts = {5: [3], 6: []}, {9: [3]}
    assert len(found(moodle, clock, "A12001", roster={"filters": filters})) == 1
    moodle.courses, moodle.cohorts = {5: [2], 6: []}, {9: [2]}
    assert found(moodle, clock, "A12001", roster={"filters": filters}) == []


def test_a_function_that_the_service_lacks_is_named(moodle: FakeMoodle, clock: Clock) -> None:
    moodle.courses = {5: [3]}
    with pytest.raises(RemoteRefused, match="core_enrol_get_users_courses"):
        found(moodle, clock, "A12001", roster={"filters": {"courses": [5]}})


def test_details_that_moodle_hides_are_no_empty_ones(moodle: FakeMoodle, clock: Clock) -> None:
    moodle.rights = RIGHTS - {"viewfullnames"}
    with pytest.raises(RosterIncomplete, match="viewfullnames"):
        found(moodle, clock, "A12001")


@pytest.mark.parametrize(("kind", "expected"), [(Kind.LTI13, "3"), (Kind.LTI11, "3"), (Kind.AICC, "")])
def test_a_launch_s_record_is_the_user_s_number(clock: Clock, kind: Kind, expected: str) -> None:
    assert record_of_launch(Settings(), clock.context(), kind, "3") == expected


def test_without_the_api_nobody_is_asked() -> None:
    assert ADAPTER.look_up is look_up
    with pytest.raises(ConfigError, match="api"):
        look_up(Settings(), Clock().context(), "A1")
