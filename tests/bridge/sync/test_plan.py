from __future__ import annotations

import pytest

from bridge.contracts import PLACE, RECORD
from bridge.errors import ConfigError


def test_a_new_student_becomes_a_user_who_can_launch_at_once(either_world, make_member) -> None:
    world = either_world
    world.lms.members = [make_member("s1", first="Zoë", last="O'Brien")]
    outcome = world.run()
    assert (outcome.status, outcome.created, outcome.exit_code) == ("done", 1, 0)
    assert world.learners.find("s1").learner.attributes == {
        "firstName": "Zoë",
        "lastName": "O'Brien",
        "username": "s1",
    }


def test_an_existing_user_is_matched_and_not_made_twice(either_world, make_member) -> None:
    world = either_world
    world.ottolearn.add(7, firstName="Ada", lastName="Lovelace", employeeId="s1")
    world.lms.members = [make_member("s1")]
    world.change(attributes={"employeeId": "login"})
    outcome = world.run()
    assert (outcome.created, outcome.updated, outcome.unchanged) == (0, 0, 1)
    assert world.ottolearn.writes == []


def test_an_update_shows_each_field_before_and_after(world, make_member) -> None:
    world.ottolearn.add(7, firstName="Ada", lastName="Byron", username="s1", emailAddress="old@example.edu")
    world.change(attributes={"username": "login", "emailAddress": "email"})
    world.lms.members = [make_member("s1", email="ada@example.edu")]
    outcome = world.plan()
    [item] = world.items(outcome.run, "update")
    assert item.content.before == {"lastName": "Byron", "emailAddress": "old@example.edu"}
    assert item.content.after == {"lastName": "Lovelace", "emailAddress": "ada@example.edu"}
    assert world.ottolearn.writes == []


def test_a_value_that_the_lms_has_not_is_never_written_as_empty(world, make_member) -> None:
    world.ottolearn.add(7, firstName="Ada", lastName="Lovelace", username="s1", emailAddress="ada@example.edu")
    world.change(attributes={"emailAddress": "email"})
    world.lms.members = [make_member("s1", email="")]
    world.run()
    assert world.ottolearn.users[7].attributes["emailAddress"] == "ada@example.edu"


def test_constants_and_templates_fill_attributes_and_half_a_template_fills_nothing(world, make_member) -> None:
    world.change(constants={"language": "cy"}, templates={"emailAddress": "{login}@{domain}"})
    world.lms.members = [make_member("s1", domain="example.edu"), make_member("s2")]
    world.run()
    assert world.ottolearn.by_username("s1").attributes["emailAddress"] == "s1@example.edu"
    assert "emailAddress" not in world.ottolearn.by_username("s2").attributes
    assert world.ottolearn.by_username("s2").attributes["language"] == "cy"


def test_a_field_that_ottolearn_owns_is_set_once_and_never_again(world, make_member) -> None:
    world.change(attributes={"emailAddress": "email"}, owned_by_ottolearn=["emailAddress"])
    world.lms.members = [make_member("s1", email="first@example.edu")]
    world.run()
    world.lms.members = [make_member("s1", email="second@example.edu")]
    world.run(full=True)
    assert world.ottolearn.by_username("s1").attributes["emailAddress"] == "first@example.edu"


def test_several_usernames_are_filled_from_several_ids(world, make_member) -> None:
    world.change(attributes={"username": "login", "employeeId": "number"})
    world.lms.members = [make_member("s1", number="0042")]
    world.run()
    assert world.learners.find("0042").learner == world.learners.find("s1").learner


def test_a_mapping_by_which_nobody_could_launch_is_a_configuration_error(world) -> None:
    world.change(attributes={"username": "email", "employeeId": "number"})
    with pytest.raises(ConfigError, match="nobody could launch"):
        world.run()


def test_a_mapping_to_an_attribute_that_does_not_exist_is_found_before_the_first_write(world, make_member) -> None:
    world.change(attributes={"shoeSize": "size"})
    world.lms.members = [make_member("s1")]
    with pytest.raises(ConfigError, match="no attribute shoeSize"):
        world.run()
    assert world.ottolearn.writes == []


def test_somebody_without_a_required_value_is_skipped_and_the_rest_goes_on(world, make_member) -> None:
    world.lms.members = [make_member("s1", first=""), make_member("s2")]
    outcome = world.run()
    assert (outcome.created, outcome.skipped, outcome.reasons) == (1, 1, {"required_missing": 1})


@pytest.mark.parametrize(
    ("member_id", "active", "reason"),
    [
        ("", True, "no_student_id"),
        ("   ", True, "no_student_id"),
        ("x" * 300, True, "bad_student_id"),
        ("s1", False, "inactive_in_lms"),
    ],
)
def test_a_member_who_cannot_launch_is_skipped_with_the_reason(world, make_member, member_id, active, reason) -> None:
    world.lms.members = [make_member(member_id, active=active), make_member("s2")]
    outcome = world.run()
    assert (outcome.created, outcome.skipped, outcome.reasons) == (1, 1, {reason: 1})


def test_two_members_with_one_id_are_both_left_alone(world, make_member, people) -> None:
    world.lms.members = [
        make_member("s1", first="Ada"),
        *people(3),
        make_member("s1", first="Grace"),
        make_member("s1 "),
    ]
    outcome = world.run()
    assert (outcome.created, outcome.conflicts, outcome.reasons) == (3, 3, {"duplicate": 3})


def test_two_members_whose_ids_differ_in_case_are_two_people(world, make_member) -> None:
    world.lms.members = [make_member("ABC-9"), make_member("abc-9"), make_member("Maße"), make_member("masse")]
    assert (world.run().created, world.run().unchanged) == (4, 4)


def test_a_duplicate_of_somebody_known_changes_nothing(world, make_member) -> None:
    world.lms.members = [make_member("s1", first="Ada"), make_member("s2")]
    world.run()
    writes = list(world.ottolearn.writes)
    world.lms.members = [make_member("s1", first="Ada"), make_member("s2"), make_member("s1", first="Grace")]
    outcome = world.run()
    assert (outcome.conflicts, world.ottolearn.writes) == (1, writes)
    world.lms.members.reverse()
    outcome = world.run()
    assert world.ottolearn.writes == writes


def test_an_id_that_belongs_to_another_user_is_a_conflict_with_both_sides(world, make_member) -> None:
    world.ottolearn.add(7, firstName="Ada", lastName="Lovelace", username="s1")
    world.ottolearn.add(8, firstName="Eve", lastName="Else", username="eve", employeeId="0042")
    world.change(attributes={"username": "login", "employeeId": "number"})
    world.lms.members = [make_member("s1", number="0042"), make_member("s2", number="0043")]
    outcome = world.run()
    [item] = world.items(outcome.run, "conflict")
    assert (item.reason, item.student_id) == ("taken", "s1")
    assert item.content.note == "OttoLearn user 8 has '0042' as employeeId"
    assert outcome.created == 1


def test_two_new_members_who_want_one_username_are_a_conflict(world, make_member) -> None:
    world.change(attributes={"username": "login", "employeeId": "number"})
    world.lms.members = [make_member("s1", number="0042"), make_member("s2", number="0042"), make_member("s3")]
    outcome = world.run()
    assert (outcome.created, outcome.conflicts, outcome.reasons) == (1, 2, {"claimed_twice": 2})


def test_an_id_that_differs_in_case_or_blanks_is_a_conflict_and_not_a_guess(world, make_member) -> None:
    world.ottolearn.add(7, firstName="Ada", lastName="Lovelace", username=" S1")
    world.lms.members = [make_member("s1")]
    outcome = world.run()
    [item] = world.items(outcome.run, "conflict")
    assert (item.reason, world.ottolearn.writes) == ("variant", [])


def test_an_id_that_two_users_have_is_a_conflict(world, make_member) -> None:
    world.ottolearn.add(7, firstName="Ada", lastName="Lovelace", username="s1")
    world.ottolearn.add(8, firstName="Eve", lastName="Else", username="eve", employeeId="s1")
    world.lms.members = [make_member("s1")]
    assert world.run().reasons == {"ambiguous": 1}
    assert world.ottolearn.writes == []


def test_a_changed_student_id_is_reported_and_takes_nobodys_access(world, make_member) -> None:
    world.change(attributes={"username": "login", "employeeId": "number"})
    world.lms.members = [make_member("old", number="0042")]
    world.run()
    world.lms.members = [make_member("new", number="0042")]
    outcome = world.run()
    assert (outcome.reasons, outcome.deactivated) == ({"other_id": 1}, 0)
    assert world.ottolearn.by_username("old").active


def test_a_changed_student_id_that_ottolearn_has_too_is_followed(world, make_member) -> None:
    world.lms.members = [make_member("old")]
    world.run()
    world.ottolearn.edit(1, username="new")
    world.lms.members = [make_member("new")]
    outcome = world.run()
    assert (outcome.created, outcome.deactivated, world.ottolearn.users[1].active) == (0, 0, True)
    world.lms.members = [make_member("other")]
    assert world.run().deactivated == 1


def test_two_members_who_lead_to_one_user_are_both_left_alone(world, make_member) -> None:
    world.ottolearn.add(7, firstName="A", lastName="B", username="s1", employeeId="s2")
    world.lms.members = [make_member("s1"), make_member("s2")]
    outcome = world.run()
    assert (outcome.conflicts, world.ottolearn.writes) == (2, [])


def test_what_has_not_changed_costs_nothing_but_its_reading(world, people) -> None:
    world.lms.members = people(5)
    world.run()
    before = (list(world.ottolearn.writes), world.ottolearn.listings)
    outcome = world.run()
    assert (outcome.unchanged, outcome.read) == (5, 5)
    assert (world.ottolearn.writes, world.ottolearn.listings) == before
    assert world.items(outcome.run) == []


def test_an_edit_in_ottolearn_is_found_by_a_full_run(world, people) -> None:
    world.lms.members = people(3)
    world.run()
    world.ottolearn.edit(1, lastName="")
    world.ottolearn.edit(2, active=False)
    assert world.run().unchanged == 3
    outcome = world.run(full=True)
    assert outcome.reasons == {"changed_in_ottolearn": 1, "inactive_in_ottolearn": 1}


def test_a_full_run_comes_by_itself_after_full_every(world, people) -> None:
    world.change(full_every="3d")
    world.lms.members = people(1)
    listings = []
    for _ in range(5):
        world.run()
        listings.append(world.ottolearn.listings)
    assert listings == [1, 1, 1, 2, 2]


def test_a_user_whom_somebody_removed_in_ottolearn_is_made_anew(world, people) -> None:
    world.lms.members = people(2)
    world.run()
    del world.ottolearn.users[1]
    assert world.run(full=True).created == 1
    assert {user.attributes["username"] for user in world.ottolearn.users.values()} == {"p0", "p1"}


@pytest.mark.parametrize(
    ("fields", "where"),
    [({RECORD: "r-7"}, "record r-7"), ({"id": "17"}, "id 17"), ({PLACE: "People!A7"}, "People!A7"), ({}, "")],
)
def test_who_is_skipped_for_want_of_an_id_is_named_by_what_the_lms_calls_them(world, make_member, fields, where):
    world.lms.members = [make_member("", **fields), make_member("s2")]
    outcome = world.plan()
    [item] = world.items(outcome.run, "skipped")
    assert (item.reason, item.content.where) == ("no_student_id", where)


# Username values are IDs by which somebody launches.
@pytest.fixture
def emp(either_world, make_member):
    """Somebody who launches by `emp13`, found by their SIS ID in another attribute; the mapping fills both."""
    world = either_world
    world.ottolearn.add(7, firstName="Ada", lastName="Byron", username="emp13", employeeId="s1")
    world.lms.members = [make_member("s1")]
    return world


@pytest.mark.parametrize("how", [{}, {"override": True}, {"full": True}])
def test_an_id_that_the_sync_did_not_write_is_not_replaced(emp, how) -> None:
    outcome = emp.run(**how)
    [item] = emp.items(outcome.run)
    assert (item.kind, item.reason) == ("conflict", "other_value")
    assert item.content.note == "OttoLearn user 7 has 'emp13' as username"
    assert emp.ottolearn.writes == []
    assert emp.run().reasons == {"other_value": 1}


def test_an_id_that_the_sync_did_not_write_is_replaced_where_the_connection_says_so(emp) -> None:
    emp.replaces_ids = True
    assert emp.run().updated == 1
    assert emp.ottolearn.users[7].attributes["username"] == "s1"


def test_an_id_that_the_sync_wrote_follows_the_lms(world, make_member) -> None:
    world.change(attributes={"username": "login", "employeeId": "number"})
    world.lms.members = [make_member("s1", number="emp13")]
    world.run()
    world.lms.members = [make_member("s1", number="emp14")]
    assert world.run().updated == 1
    assert world.ottolearn.by_username("s1").attributes["employeeId"] == "emp14"


def test_an_id_written_by_another_connection_is_not_this_ones_to_replace(world, make_member, make_lms) -> None:
    world.change(attributes={"username": "login", "employeeId": "number"})
    world.run("one", make_lms([make_member("s1", number="emp13")]))
    outcome = world.run("two", make_lms([make_member("s1", number="emp14")]))
    assert (outcome.reasons, world.ottolearn.by_username("s1").attributes["employeeId"]) == (
        {"other_value": 1},
        "emp13",
    )


def test_an_id_changed_by_hand_is_not_taken_back_by_an_override(world, make_member) -> None:
    world.change(attributes={"username": "login", "employeeId": "number"})
    world.lms.members = [make_member("s1", number="emp13")]
    world.run()
    world.ottolearn.edit(1, employeeId="emp99")
    assert world.run(full=True).reasons == {"changed_in_ottolearn": 1}
    assert world.run(override=True).reasons == {"other_value": 1}
    assert world.ottolearn.users[1].attributes["employeeId"] == "emp99"
    world.replaces_ids = True
    assert world.run(full=True).reasons == {"changed_in_ottolearn": 1}
    assert world.run(override=True).updated == 1


def test_somebody_whose_id_was_not_replaced_is_not_taken_for_gone(emp) -> None:
    emp.ottolearn.edit(7, username="s1")
    emp.run()
    emp.ottolearn.edit(7, username="emp13")
    emp.change(protect=False)
    outcome = emp.run(full=True)
    assert (outcome.reasons, outcome.deactivated, emp.ottolearn.users[7].active) == ({"other_value": 1}, 0, True)


def test_whoever_comes_back_with_another_id_in_ottolearn_by_now_is_a_question(world, people, make_member) -> None:
    world.lms.members = people(2)
    world.run()
    world.lms.members = people(1)
    assert world.run().deactivated == 1
    world.ottolearn.edit(2, username="emp13")
    world.change(protect=False)
    world.lms.members = people(2)
    outcome = world.run()
    assert (outcome.reactivated, outcome.reasons) == (0, {"other_value": 1})
