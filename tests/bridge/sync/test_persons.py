"""A roster brings people, not strings: IDs that change, swap, or are passed on."""

from __future__ import annotations

import pytest

from bridge.contracts import Assurance, Kind, Launch, Student
from bridge.errors import LaunchRejected
from bridge.learners.ledger import Ledger, identity_of
from bridge.store import people as ledger
from bridge.store.people import record_key


def ids(world) -> dict[int, str]:
    return {user.user_id: user.attributes.get("username", "") for user in world.ottolearn.users.values()}


def enters(world, student_id: str, user_id: int, record: str = "") -> str:
    """Why a launch with this ID does not enter as this user; empty where it does."""
    launch = Launch(Student(student_id, "", ""), Kind.LTI13, Assurance.SIGNED, record=record)
    arrival = identity_of("campus", launch, student_id, ignore_case=False)
    doors = Ledger(world.engine, world.now)
    try:
        doors.confirm(arrival, doors.known(arrival, student_id), user_id)
    except LaunchRejected as error:
        return error.reason
    return ""


def following(world):
    """A run of a connection with `on_id_change: follow`."""
    world.follows_ids = True
    return world.run()


@pytest.fixture
def staffed(either_world, make_member):
    world = either_world
    world.lms.members = [make_member("s1", record="r1"), make_member("s2", first="Bo", record="r2")]
    assert world.run().created == 2
    return world


def test_a_corrected_id_makes_no_second_user_and_deactivates_nobody(staffed, make_member) -> None:
    staffed.lms.members = [make_member("s1-new", record="r1"), make_member("s2", first="Bo", record="r2")]
    outcome = staffed.run()
    assert (outcome.created, outcome.deactivated, outcome.reasons) == (0, 0, {"id_changed": 1})
    (item,) = staffed.items(outcome.run, "conflict")
    assert all(side in item.content.note for side in ("user 1", "record r1", "ID s1;", "the ID s1-new now"))
    assert ids(staffed) == {1: "s1", 2: "s2"}
    assert enters(staffed, "s1-new", 1) == "identity_disputed"


def test_a_corrected_id_is_followed_where_the_connection_says_so(staffed, make_member) -> None:
    staffed.lms.members = [make_member("s1-new", record="r1"), make_member("s2", first="Bo", record="r2")]
    outcome = following(staffed)
    assert (outcome.created, outcome.updated, outcome.deactivated, outcome.conflicts) == (0, 1, 0, 0)
    assert ids(staffed) == {1: "s1-new", 2: "s2"}
    (person,) = ledger.listed(staffed.engine, "campus", user_id=1)
    assert (person.record, person.student_id) == ("r1", "s1-new")
    assert following(staffed).unchanged == 2


def test_many_changed_ids_at_once_are_held_by_a_limit_of_their_own(staffed, make_member) -> None:
    staffed.lms.members = [make_member(f"n{number}", record=f"r{number}") for number in (1, 2)]
    staffed.change(limits={"id_changes": {"number": 1}, "updates": {"percent": 100}})
    outcome = following(staffed)
    assert (outcome.updated, outcome.held, outcome.exit_code) == (0, 2, 3)
    assert ids(staffed) == {1: "s1", 2: "s2"}


def test_two_ids_that_are_swapped_are_two_conflicts(staffed, make_member) -> None:
    staffed.lms.members = [make_member("s2", record="r1"), make_member("s1", first="Bo", record="r2")]
    for run in (staffed.run, lambda: following(staffed)):
        outcome = run()
        assert (outcome.updated, outcome.conflicts, outcome.deactivated) == (0, 2, 0)
        assert set(outcome.reasons) <= {"passed_on", "id_changed"}
    assert ids(staffed) == {1: "s1", 2: "s2"}
    assert [enters(staffed, "s1", 1), enters(staffed, "s2", 2)] == ["identity_disputed"] * 2


def test_an_id_passed_on_to_somebody_new_rewrites_nobody(staffed, make_member) -> None:
    staffed.lms.members = [make_member("s1", first="Somebody", last="New", record="r9"), *staffed.lms.members[1:]]
    outcome = staffed.run()
    assert (outcome.updated, outcome.deactivated, outcome.reasons) == (0, 0, {"passed_on": 1})
    assert staffed.ottolearn.users[1].attributes["firstName"] == "Ada"


def test_a_whole_roster_that_finds_the_ids_right_again_ends_the_dispute(staffed, make_member) -> None:
    right = list(staffed.lms.members)
    staffed.lms.members = [make_member("s1", first="X", record="r9"), *right[1:]]
    staffed.run()
    assert enters(staffed, "s1", 1) == "identity_disputed"
    staffed.lms.members = right
    staffed.run()
    assert enters(staffed, "s1", 1) == ""


def test_a_plan_alone_disputes_nothing(staffed, make_member) -> None:
    staffed.lms.members = [make_member("s1", record="r9"), *staffed.lms.members[1:]]
    staffed.plan()
    assert enters(staffed, "s1", 1) == ""


def test_two_people_with_one_id_are_asked_about_by_launches_too(either_world, make_member) -> None:
    world = either_world
    world.ottolearn.add(7, firstName="Ada", lastName="Lovelace", username="s1")
    world.lms.members = [make_member("s1", record="r1"), make_member("s1", first="Bo", record="r2")]
    assert world.run().reasons == {"duplicate": 2}
    assert [enters(world, "s1", 7, "sub-1"), enters(world, "s1", 7, "sub-2")] == ["identity_disputed"] * 2


def test_three_people_with_one_id_are_in_conflict_for_two_reasons_and_stay_out(staffed, make_member) -> None:
    others = [make_member("s1", first=name, record=f"r-{name}") for name in ("Bo", "Cy")]
    staffed.lms.members = [others[0], *staffed.lms.members, others[1]]
    assert {"passed_on", "duplicate"} <= set(staffed.run(full=True).reasons)
    assert enters(staffed, "s1", 1) == "identity_disputed"


def test_ids_in_two_letter_cases_are_two_people_where_the_lms_has_two_records(staffed, make_member) -> None:
    staffed.lms.members = [*staffed.lms.members, make_member("S1", first="Cy", record="r3")]
    outcome = staffed.run()
    assert (outcome.created, outcome.conflicts) == (1, 0)
    assert ids(staffed) == {1: "s1", 2: "s2", 3: "S1"}


def test_a_changed_letter_case_is_a_changed_id(staffed, make_member) -> None:
    staffed.lms.members = [make_member("S1", record="r1"), *staffed.lms.members[1:]]
    assert staffed.run().reasons == {"id_changed": 1}
    assert following(staffed).updated == 1
    assert ids(staffed)[1] == "S1"


def test_a_user_who_is_gone_from_ottolearn_is_made_anew_by_whatever_id(staffed, make_member) -> None:
    del staffed.ottolearn.users[1]
    staffed.lms.members = [make_member("s1-new", record="r1"), *staffed.lms.members[1:]]
    assert (staffed.run().created, ids(staffed)[3]) == (1, "s1-new")


def test_an_id_already_corrected_in_ottolearn_is_taken_over(staffed, make_member) -> None:
    staffed.ottolearn.edit(1, username="s1-new")
    staffed.lms.members = [make_member("s1-new", record="r1"), *staffed.lms.members[1:]]
    outcome = staffed.run()
    assert (outcome.created, outcome.conflicts, outcome.deactivated) == (0, 0, 0)
    (person,) = ledger.listed(staffed.engine, "campus", user_id=1)
    assert person.student_id == "s1-new"


def test_a_roster_without_records_guesses_at_nobody(either_world, make_member) -> None:
    world = either_world
    plain = [make_member("s1")._replace(fields={"login": "s1", "first_name": "Ada", "last_name": "Lovelace"})]
    world.lms.members = plain
    assert world.run().created == 1
    assert ledger.listed(world.engine, "campus", student_id="s1") == []


def test_a_first_roster_after_the_upgrade_fills_the_ledger(either_world, make_member) -> None:
    world = either_world
    with_record = make_member("s1", record="r1")
    world.lms.members = [with_record._replace(fields={k: v for k, v in with_record.fields.items() if k != "@record"})]
    world.run()
    world.lms.members = [with_record]
    outcome = world.run()
    assert (outcome.unchanged, outcome.updated) == (1, 0)
    (person,) = ledger.listed(world.engine, "campus", student_id="s1")
    assert (person.record, person.user_id, person.origin) == (record_key("r1"), 1, "roster")
