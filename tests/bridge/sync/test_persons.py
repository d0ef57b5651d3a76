"""A roster brings people, not strings: IDs that change, swap, or are passed on."""

from __future__ import annotations

import pytest

from bridge.contracts import Assurance, Kind
from bridge.errors import ConfigError, LaunchRejected
from bridge.identifiers import record_key
from bridge.learners import persons
from bridge.learners.ledger import Ledger
from bridge.learners.matching import undisputed
from bridge.store import aliases
from bridge.store import people as ledger
from bridge.store.identity_lookup import LaunchIdentity
from bridge.sync.stale import PlanStale
from tests.bridge.sync.world import USERNAMES


def ids(world) -> dict[int, str]:
    return {user.user_id: user.attributes.get("username", "") for user in world.ottolearn.users.values()}


def enters(world, student_id: str, user_id: int, record: str = "") -> str:
    """Why a launch with this ID does not enter as this user; empty where it does."""
    identity = LaunchIdentity("campus", Kind.LTI13, record, student_id, student_id, ignore_case=False)
    try:
        Ledger(world.engine, world.now).confirm(identity, undisputed(world.engine, identity), user_id)
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


@pytest.fixture
def moved(either_world, make_member):
    """What happens in OttoLearn between a plan and its execution: user 1 is somebody else, and user 5 has their ID."""
    world = either_world
    world.lms.members = [make_member("s1", record="r1"), make_member("s2", record="r2")]
    world.run()

    def move(plan) -> str:
        world.ottolearn.edit(1, username="x9")
        world.ottolearn.add(5, firstName="T", lastName="U", username="s1")
        try:
            world.apply(plan.run)
        except PlanStale:
            return "stale"
        return "applied"

    return world, move


def test_a_late_plan_writes_nothing_onto_a_user_who_is_somebody_else_by_now(moved, make_member) -> None:
    world, move = moved
    world.lms.members = [make_member("s1", first="New", record="r1"), make_member("s2", record="r2")]
    assert move(world.plan()) == "stale"
    assert world.ottolearn.users[1].attributes["firstName"] == "Ada"


def test_a_late_plan_deactivates_nobody_who_is_somebody_else_by_now(moved, make_member) -> None:
    world, move = moved
    world.lms.members = [make_member("s2", record="r2")]
    assert move(world.plan()) == "stale"
    assert world.ottolearn.users[1].active


def test_a_late_plan_says_of_nobody_who_they_were(moved, make_member) -> None:
    world, move = moved
    world.ottolearn.add(3, firstName="Ada", lastName="Lovelace", username="s3")
    world.lms.members.append(make_member("s3", record="r3"))
    plan = world.plan()
    world.ottolearn.edit(3, username="x3")
    world.ottolearn.add(6, firstName="T", lastName="U", username="s3")
    assert move(plan) == "stale"
    assert ledger.of_user(world.engine, "campus", "roster", 3) is None


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("page", [1, 2])
def test_what_one_launch_said_for_an_hour_hands_no_account_over(either_world, make_member, turned, page) -> None:
    world = either_world
    world.roster_namespace, world.lms.page = Kind.LTI13, page
    world.ottolearn.add(1, firstName="Vic", lastName="Tim", username="A")
    world.learners.refresh()
    assert enters(world, "A", 1, "r66") == ""
    vic = make_member("A", first="Vic", last="Tim", record="r2")
    eve = make_member("E", first="Eve", last="Evil", record="r66")
    world.lms.members = [eve, vic] if turned else [vic, eve]
    for _ in range(3):
        following(world)
    assert world.ottolearn.users[1].attributes == {"firstName": "Vic", "lastName": "Tim", "username": "A"}


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("page", [1, 2])
def test_the_order_of_a_roster_does_not_decide_whether_a_changed_id_is_followed(
    staffed, make_member, turned, page
) -> None:
    staffed.lms.page = page
    two = [make_member("B", record="r1"), make_member("s1", first="New", record="r9")]
    staffed.lms.members = [*(reversed(two) if turned else two), staffed.lms.members[1]]
    assert following(staffed).reasons == {"passed_on": 1}
    assert following(staffed).created == 1
    assert ids(staffed) == {1: "B", 2: "s2", 3: "s1"}


def test_no_command_settles_an_id_that_two_people_have(staffed, make_member) -> None:
    two = [make_member("new", record="r1"), make_member("new", first="Bo", record="r9")]
    staffed.lms.members = [*two, staffed.lms.members[1]]
    staffed.run()
    assert enters(staffed, "new", 1, "sub-of-r9") == "identity_disputed"
    with pytest.raises(persons.PersonRefused, match="gave 'new' to several people"):
        follow(staffed, "s1", "new")
    persons.release(staffed.engine, "campus", "new")
    persons.release(staffed.engine, "campus", record="r1")
    assert enters(staffed, "new", 1, "sub-of-r9") == "identity_disputed"


def test_a_changed_id_that_a_link_gives_to_somebody_else_is_not_followed(staffed) -> None:
    aliases.put(staffed.engine, "campus", "new", 2, now=1.0)
    with pytest.raises(persons.PersonRefused, match="ottobridge learners unlink --connection campus new"):
        follow(staffed, "s1", "new")
    assert ids(staffed)[1] == "s1"


def follow(world, old: str, new: str) -> None:
    what = (world.learners, world.engine, world.ottolearn, "campus", old, new, USERNAMES)
    persons.follow(*what, now=world.now())


def test_a_roster_of_what_course_authors_write_gives_nobody_s_id_to_anybody(world, make_member) -> None:
    world.lms.members = [make_member("s1", record="r1")]
    world.claims_roster = True
    with pytest.raises(ConfigError, match="accepts take claimed"):
        world.run()
    assert world.ottolearn.users == {}
    world.accepts = frozenset(Assurance)
    assert world.run().created == 1
    assert ledger.of_user(world.engine, "campus", "roster", 1).origin == "claim"


def test_an_id_corrected_by_hand_in_ottolearn_makes_no_second_user_for_a_roster_with_the_old_one(
    either_world, make_member
) -> None:
    world = either_world
    world.roster_namespace = Kind.LTI13
    world.ottolearn.add(1, firstName="Ada", lastName="Lovelace", username="s1")
    assert enters(world, "s1", 1, "r1") == ""
    world.ottolearn.edit(1, username="s1-fixed")
    world.lms.members = [make_member("s1", record="r1"), make_member("s2", record="r2")]
    outcome = world.run()
    assert (outcome.created, outcome.reasons) == (1, {"renamed_in_ottolearn": 1})
    assert ledger.of_user(world.engine, "campus", "lti13", 1).record == "r1"
    persons.release(world.engine, "campus", "s1")
    assert world.run().created == 1


@pytest.mark.parametrize("seen_active", [True, False])
def test_whom_a_person_deactivated_after_a_sync_did_stays_so(staffed, make_member, seen_active) -> None:
    here, new = list(staffed.lms.members), make_member("s3", first="Cy", record="r3")
    staffed.lms.members = here[1:]
    assert staffed.run().deactivated == 1
    if seen_active:
        staffed.ottolearn.edit(1, active=True)
        staffed.lms.members = [*here[1:], new]
        assert staffed.run().created == 1
        staffed.ottolearn.edit(1, active=False)
    staffed.lms.members = here
    outcome = staffed.run()
    assert (outcome.reactivated, outcome.reasons.get("inactive_in_ottolearn", 0)) == (not seen_active, seen_active)


def test_when_somebody_left_a_roster_is_noted_so_that_they_can_be_forgotten(staffed) -> None:
    staffed.lms.members = staffed.lms.members[1:]
    left_at = staffed.time
    assert staffed.run().deactivated == 1
    assert ledger.of_user(staffed.engine, "campus", "roster", 1).last_seen == left_at
    assert ledger.of_user(staffed.engine, "campus", "roster", 2).last_seen < left_at
