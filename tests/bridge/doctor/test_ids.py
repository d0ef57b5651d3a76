"""The doctor tells why everybody is synced and nobody gets in, and names the very setting to change."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest

from bridge.config.configuration import CommonKeys
from bridge.contracts import PLACE, RECORD, Observation, RosterMember, Student
from bridge.doctor.ids import LOOKED_AT, PEOPLE, compare_ids


def member(number: int, student_id: str | None = None) -> RosterMember:
    own = f"0{number}" if student_id is None else student_id
    fields = {
        "idnumber": own,
        "username": f"user{number}",
        "email": f"u{number}@example.edu",
        PLACE: "A1",
        RECORD: f"r{number}",
    }
    return RosterMember(Student(own, "", ""), fields)


def compared(
    launched: Sequence[str | Student], roster: Sequence[RosterMember], known: Sequence[str] = ()
) -> list[Observation]:
    students = [one if isinstance(one, Student) else Student(one, "", "") for one in launched]
    return list(compare_ids(students, roster, "idnumber", lambda found: "employeeId" if found in known else ""))


def test_launches_that_carry_the_rosters_id_are_well() -> None:
    *people, last = compared(["01", "02", "01"], [member(1), member(2), member(3)], known=["01", "02", "03"])
    assert [finding.what for finding in people] == [
        *("launch of 01", "launch of 02"),
        *("on the roster: 01", "on the roster: 02", "on the roster: 03"),
        "candidate idnumber",
    ]
    assert {finding.state for finding in people} == {"ok"}
    assert people[0].detail == "the roster has it as idnumber; OttoLearn has it as employeeId"
    assert (last.state, last.detail) == ("ok", "2 of 2 launch IDs are the idnumber of somebody")


def test_launches_that_carry_another_field_name_the_setting_to_change() -> None:
    first, *_, last = compared(["user1", "user2"], [member(1), member(2)])
    assert first.detail == "the roster has it as username; OttoLearn has it in no Username attribute"
    assert (last.state, last.detail) == ("failed", "2 of 2 launches carry what the roster calls username, not idnumber")
    assert last.advice == "set `student_id: username` in the connection, or let the LMS send idnumber at launch"


@pytest.mark.parametrize(("launched", "listed"), [("1", "001"), ("AB", "ab"), ("ab ", "AB")])
def test_ids_that_are_written_differently_are_not_called_others(launched: str, listed: str) -> None:
    first, *_, last = compared([launched], [member(7, listed)])
    assert "in other letter case or with other leading zeros" in first.detail
    assert last.state == "look"
    (named,) = re.findall("`(.+?)`", last.advice)
    assert named in CommonKeys.model_fields  # a key that does not exist would be refused as a mistake


def test_ids_that_are_nowhere_on_the_roster_are_told_with_how_many_were_looked_at() -> None:
    *_, last = compared(["x", "01"], [member(1), member(2)])
    assert (last.state, last.detail) == ("look", "1 of 2 launch IDs are in no field of the 2 people looked at")


def test_a_person_without_an_id_is_not_taken_for_a_launch_of_zeros() -> None:
    first, *_ = compared(["000"], [member(1, "")])
    assert "in no field" in first.detail


def test_an_id_that_ottolearn_lacks_is_not_well_even_if_launch_and_roster_agree() -> None:
    first, listed, _, last = compared(["01"], [member(1)])
    assert (first.state, listed.state, last.state) == ("look", "look", "ok")


def test_before_the_first_launch_there_is_nothing_to_compare() -> None:
    *_, last = compared([], [member(1)])
    assert (last.state, last.advice) == ("look", "launch once, and ask again")


def test_ten_people_of_each_are_shown_and_a_huge_roster_is_not_read_to_its_end() -> None:
    read = []

    def roster():
        for number in range(LOOKED_AT + 1):
            read.append(number)
            yield member(number)

    findings = list(compare_ids([Student(f"0{n}", "", "") for n in range(30)], roster(), "idnumber", lambda _: ""))
    assert (len(findings), len(read)) == (2 * PEOPLE + 2, LOOKED_AT)


def named(number: int, first_name: str, **fields: str) -> RosterMember:
    said = {"idnumber": f"{number}", "username": f"user{number}", **fields}
    return RosterMember(Student(said["idnumber"], first_name, "Novak"), said)


def test_the_field_that_agrees_is_told_with_how_many_of_the_launches_agree_by_each() -> None:
    roster = [member(number) for number in range(10)]
    found = compared([*(f"user{number}" for number in range(9)), "09"], roster)
    told = {one.what: (one.state, one.detail) for one in found if one.what.startswith("candidate")}
    assert told == {
        "candidate username": ("look", "9 of 10 launch IDs are somebody's username"),
        "candidate idnumber": ("look", "1 of 10 launch IDs are somebody's idnumber"),
    }
    assert found[-1].advice.startswith("set `student_id: username`")


def test_a_number_that_two_people_share_is_not_taken_for_the_same_id() -> None:
    roster = [named(1, "Ana", profile="2"), named(2, "Bo", profile="1")]
    *_, candidate, crossed, last = compared([Student("1", "Bo", "Oh"), Student("2", "Ana", "Uhl")], roster)
    assert candidate.detail == "2 of 2 launch IDs are somebody's profile, 2 of them with the same name"
    assert crossed.detail == (
        "0 of 2 launch IDs are somebody's idnumber; 2 are the idnumber of somebody with another name"
    )
    assert (last.state, last.advice.split(",")[0]) == ("failed", "set `student_id: profile` in the connection")


def test_a_number_that_is_always_somebody_elses_is_a_failure_even_where_no_other_field_agrees() -> None:
    first, *_, last = compared([Student("1", "Bo", "Oh")], [named(1, "Ana"), named(2, "Bo")], known=["1"])
    assert (first.state, first.detail) == (
        "look",
        "the roster has it as idnumber of somebody with another name; OttoLearn has it as employeeId",
    )
    assert (last.state, last.detail) == ("failed", "1 of 1 launch IDs are the idnumber of somebody with another name")
    assert "do not sync by it" in last.advice


def test_the_record_of_the_source_is_never_advised_as_a_student_id() -> None:
    assert "@record" not in str(compared(["r1"], [member(1)]))


@pytest.mark.parametrize(("launched", "listed"), [("", "Ana"), ("Ana", "")])
def test_a_name_that_one_side_does_not_say_proves_nothing(launched: str, listed: str) -> None:
    roster = [RosterMember(Student("1", listed, ""), {"idnumber": "1"})]
    *_, candidate, last = compared([Student("1", launched, "")], roster)
    assert candidate.detail == "1 of 1 launch IDs are somebody's idnumber"
    assert last.state == "ok"


def test_of_two_fields_that_agree_alike_the_configured_one_is_told_first() -> None:
    found = compared(["1"], [named(1, "Ana", account="1")])
    assert [one.what for one in found if one.what.startswith("candidate")] == [
        "candidate idnumber",
        "candidate account",
    ]
