"""One person of Canvas, asked for at a launch: exactly whoever has the ID, and nobody who only looks like it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from adapters.canvas import ADAPTER
from adapters.canvas.look_up import look_up, record_of_launch
from adapters.canvas.roster import read_roster
from adapters.canvas.settings import Settings
from bridge.contracts import RECORD, Kind, RosterMember
from bridge.errors import ConfigError, RemoteRefused, RosterIncomplete
from tests.fakes.canvas import BAD_TOKEN, Enrollment, FakeCanvas, Login, Person
from tests.fakes.contexts import Clock, read_whole
from tests.fakes.serving import Reply

AVERY = Person(101, "Testcase, Avery", "avery@example.edu", (Login("S000101", "atestcase", "INT-101"),))
SLASH = Person(102, "Slash, Ünï", "slash@example.edu", (Login("S-0108/Ä", "slash"),))
LIKE = Person(103, "Like, Ann", "xavery@example.edu", (Login("S0001012", "like"),))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def canvas() -> Iterator[FakeCanvas]:
    with FakeCanvas(people=[AVERY, SLASH, LIKE]) as canvas:
        yield canvas


def found(canvas: FakeCanvas, clock: Clock, student_id: str, /, **settings: Any) -> list[RosterMember]:
    return list(look_up(canvas.settings(**settings), clock.context(), student_id))


@pytest.mark.parametrize(
    ("student_id", "value"),
    [
        ("sis_user_id", "S000101"),
        ("login_id", "atestcase"),
        ("integration_id", "INT-101"),
        ("canvas_user_id", "101"),
        ("email", "avery@example.edu"),
    ],
)
def test_whoever_is_looked_up_is_whom_the_roster_names(
    canvas: FakeCanvas, clock: Clock, student_id: str, value: str
) -> None:
    canvas.rights.discard("reports")
    (member,) = found(canvas, clock, value, student_id=student_id)
    roster = read_whole(read_roster(canvas.settings(student_id=student_id), clock.context()))
    assert member == next(one for one in roster if one.student.student_id == value)


@pytest.mark.parametrize(
    "student_id", ["S404", "S00010", "s000101", "x/../../self", "self", "?as_user_id=1", "S000101#"]
)
def test_an_id_that_nobody_has_is_nobody(canvas: FakeCanvas, clock: Clock, student_id: str) -> None:
    assert found(canvas, clock, student_id) == []


@pytest.mark.parametrize("student_id", ["self", "101/logins", "", "sis_user_id:S000101", "१०१"])
def test_a_number_of_canvas_is_a_number(canvas: FakeCanvas, clock: Clock, student_id: str) -> None:
    assert found(canvas, clock, student_id, student_id="canvas_user_id") == []


def test_an_id_with_a_slash_is_asked_for(canvas: FakeCanvas, clock: Clock) -> None:
    (member,) = found(canvas, clock, "S-0108/Ä")
    assert member.fields[RECORD] == "102"


@pytest.mark.parametrize("filters", [{"courses": ["5"]}, {"sections": ["9"]}, {"courses": ["6", "5"]}])
def test_only_people_of_the_roster_s_courses_and_sections_are_somebody(
    canvas: FakeCanvas, clock: Clock, filters: dict[str, list[str]]
) -> None:
    canvas.courses = {"5": [Enrollment(AVERY)], "6": []}
    canvas.sections = {"9": [Enrollment(AVERY), Enrollment(SLASH, "inactive")]}
    assert len(found(canvas, clock, "S000101", roster={"filters": filters})) == 1
    assert found(canvas, clock, "S-0108/Ä", roster={"filters": filters}) == []


@pytest.mark.parametrize(("kind", "expected"), [(Kind.LTI13, "101"), (Kind.LTI11, "101"), (Kind.AICC, "")])
def test_a_launch_s_record_is_traced_to_the_user(canvas: FakeCanvas, clock: Clock, kind: Kind, expected: str) -> None:
    canvas.subjects = {101: "a-b-c"}
    assert record_of_launch(canvas.settings(), clock.context(), kind, "a-b-c") == expected
    assert record_of_launch(canvas.settings(), clock.context(), kind, "merged") == ""


def test_what_canvas_hides_is_no_empty_value(canvas: FakeCanvas, clock: Clock) -> None:
    canvas.rights.discard("sis")
    with pytest.raises(RosterIncomplete, match="sis_user_id"):
        found(canvas, clock, "101", student_id="canvas_user_id", roster={"attributes": {"employeeId": "sis_user_id"}})


@pytest.mark.parametrize("reply", [BAD_TOKEN, Reply(200, b"[]"), Reply(200, b"<html>")])
def test_an_answer_that_is_none_is_nobody_s(canvas: FakeCanvas, clock: Clock, reply: Reply) -> None:
    canvas.fail_next(reply)
    with pytest.raises((RemoteRefused, RosterIncomplete)):
        found(canvas, clock, "S000101")


def test_a_missing_right_is_told(canvas: FakeCanvas, clock: Clock) -> None:
    canvas.rights.clear()
    with pytest.raises(RemoteRefused, match="right"):
        found(canvas, clock, "S000101")


def test_without_the_api_nobody_is_asked() -> None:
    assert ADAPTER.look_up is look_up
    with pytest.raises(ConfigError, match="api"):
        look_up(Settings(), Clock().context(), "S1")
