"""Incremental runs read only what changed: they may be late, and never wrong."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from sqlalchemy import delete

from bridge.contracts import Adapter, Connection
from bridge.errors import RemoteRefused, RemoteUnavailable, RosterIncomplete
from bridge.roster.settings import Link
from bridge.store import people, sync_people, sync_runs
from bridge.store.sync_schema import sync_person
from bridge.sync.limits import MaxChanges
from bridge.sync.planfile import read_plan_file
from bridge.sync.read import BATCH
from bridge.sync.report import document, write_report
from bridge.sync.target import target_of
from tests.bridge.sync.crashing import Crashing
from tests.bridge.sync.world import DAY, USERNAMES

PEOPLE = 10


def active(world) -> set[str]:
    return {user.attributes["username"] for user in world.ottolearn.users.values() if user.active}


@pytest.fixture
def telling(world, people):
    """Ten people, read whole and in OttoLearn; the source tells what changed from now on."""
    world.lms.now = world.now
    world.lms.members = list(people(PEOPLE))
    assert world.run().kind == "whole"
    return world


def test_only_what_changed_is_read_and_the_rest_is_left_alone(telling, make_member) -> None:
    telling.lms.change(make_member("p3", first="Renamed"), make_member("new"))
    writes, listings = len(telling.ottolearn.writes), telling.ottolearn.listings
    outcome = telling.run()
    assert (outcome.kind, outcome.read, outcome.updated, outcome.created) == ("in_between", 2, 1, 1)
    assert telling.ottolearn.by_username("p3").attributes["firstName"] == "Renamed"
    assert (len(telling.ottolearn.writes), telling.ottolearn.listings) == (writes + 2, listings + 1)
    quiet = telling.run()
    assert (quiet.kind, quiet.unchanged, quiet.status) == ("in_between", 2, "done")
    assert telling.ottolearn.listings == listings + 1


def test_somebody_absent_from_the_changes_is_not_taken_for_gone(telling, people, make_member) -> None:
    telling.lms.members = list(people(5))
    telling.lms.change(make_member("p1", first="Renamed"))
    assert telling.run().kind == "in_between"
    assert len(active(telling)) == PEOPLE
    assert telling.run(full=True).deactivated == 5


def test_somebody_who_is_said_to_have_left_leaves_and_comes_back(telling, make_member) -> None:
    telling.lms.change(make_member("p3", active=False))
    assert telling.run().deactivated == 1
    assert "p3" not in active(telling)
    telling.lms.change(make_member("p3", first="First3"))
    back = telling.run()
    assert (back.kind, back.reactivated) == ("in_between", 1)
    assert len(active(telling)) == PEOPLE


def test_leavers_are_kept_where_the_settings_keep_them(telling, make_member) -> None:
    telling.change(on_leave="keep")
    telling.run()
    telling.lms.change(make_member("p3", active=False))
    outcome = telling.run()
    assert (outcome.kind, outcome.deactivated) == ("in_between", 0)


def test_a_stranger_who_left_is_nobody(telling, make_member) -> None:
    telling.ottolearn.add(99, firstName="By", lastName="Hand", username="by-hand")
    telling.lms.change(make_member("by-hand", active=False))
    outcome = telling.run()
    assert (outcome.kind, outcome.deactivated, outcome.reasons) == ("in_between", 0, {"inactive_in_lms": 1})
    assert telling.ottolearn.users[99].active


# The guard and the grace.
def test_leavers_beyond_the_limit_are_held_back_and_looked_at_again(telling, make_member) -> None:
    telling.change(limits={"deactivations": {"percent": 10}, "floor": 0})
    telling.lms.change(*[make_member(f"p{n}", active=False) for n in range(3)])
    for _ in range(2):
        held = telling.run()
        assert (held.kind, held.status, held.held, held.exit_code) == ("in_between", "held_back", 3, 3)
    assert len(active(telling)) == PEOPLE
    approved = telling.approve(held.run)
    assert (approved.kind, approved.deactivated, len(active(telling))) == ("in_between", 3, PEOPLE - 3)
    assert telling.run().kind == "in_between"


def test_many_small_runs_do_not_deactivate_what_one_full_run_would_hold(telling, make_member) -> None:
    telling.change(limits={"deactivations": {"number": 2}, "updates": {"number": 1}}, full_every="30d")
    left = []
    for number in range(4):
        telling.lms.change(make_member(f"p{number}", active=False))
        left.append(telling.run())
    assert [(run.kind, run.deactivated, run.held) for run in left] == [
        ("in_between", 1, 0),
        ("in_between", 1, 0),
        ("in_between", 0, 1),
        ("in_between", 0, 2),
    ]
    telling.plan(full=True)
    left.append(telling.run())
    assert (
        "2 deactivations planned, 2 made by incremental runs since the last full run, 2 allowed" in left[-1].notices[0]
    )
    assert telling.run(max_changes=MaxChanges(2)).deactivated == 0
    assert telling.run(max_changes=MaxChanges(of={"deactivations": 2})).deactivated == 2
    telling.lms.change(make_member("p9", first="Renamed"))
    assert telling.run().status == "done"
    assert telling.run(full=True).status == "done"
    telling.lms.change(make_member("p5", active=False))
    assert telling.run().deactivated == 1


def test_a_leave_that_is_said_twice_is_not_two_complete_readings(telling, make_member) -> None:
    telling.change(grace={"days": 0, "complete_reads": 3})
    telling.run()
    telling.lms.change(make_member("p3", active=False))
    said = [telling.run() for _ in range(2)]
    assert [(run.kind, run.deactivated, run.reasons.get("in_grace")) for run in said] == [("in_between", 0, 1)] * 2
    assert [telling.run(full=True).deactivated for _ in range(3)] == [0, 0, 1]


def test_the_days_of_grace_begin_when_the_source_says_that_somebody_left(telling, make_member) -> None:
    telling.change(grace={"days": 3, "complete_reads": 1})
    telling.run()
    telling.lms.change(make_member("p3", active=False))
    assert telling.run().reasons["in_grace"] == 1
    assert [telling.run(full=True).deactivated for _ in range(3)] == [0, 0, 1]


def test_a_return_that_an_incremental_run_sees_begins_the_grace_anew(telling, make_member) -> None:
    telling.change(grace={"days": 1.5, "complete_reads": 1})
    telling.run()
    for there in (False, True, False):
        telling.lms.change(make_member("p3", first="First3", active=there))
        outcome = telling.run()
        assert (outcome.kind, outcome.deactivated) == ("in_between", 0)
    assert "p3" in active(telling)


def _forget_everybody(world) -> None:
    with world.engine.begin() as connection:
        connection.execute(delete(sync_person))


def _forget_the_checkpoint(world) -> None:
    world.lms.now = lambda: None
    world.run()
    world.lms.now = world.now


def _fail(world) -> None:
    world.lms.changes_error = RemoteUnavailable("the LMS answered 503", status=503)
    assert world.run().status == "failed"
    world.lms.changes_error = None


def _break_off(world) -> None:
    world.lms.ends = False
    assert world.run().reason == "roster_incomplete"
    world.lms.ends = True


def _hold_a_full_run(world) -> None:
    members, limits = world.lms.members, world.roster.limits
    world.lms.members = members[:5]
    world.change(limits={"deactivations": {"number": 0}})
    assert world.run(full=True).held == 5
    world.change(limits=limits.model_dump())
    world.lms.members = members


def test_changes_in_which_nobody_has_an_id_are_not_relied_on(telling, make_member) -> None:
    telling.lms.change(*[make_member("", record=f"r{n}") for n in range(3)])
    nameless = telling.run()
    assert (nameless.kind, nameless.status) == ("whole", "done")
    assert "none of 3 people that changed has a student ID" in nameless.notices[0]
    telling.lms.error = RosterIncomplete("none of 13 people has a login")
    held = telling.run()
    assert (held.reason, held.exit_code, len(active(telling))) == ("roster_incomplete", 3, PEOPLE)


def test_changes_in_which_somebody_has_an_id_are_relied_on(telling, make_member) -> None:
    telling.lms.change(make_member("", record="r1"), make_member("p3", active=False))
    assert (telling.run().kind, len(active(telling))) == ("in_between", PEOPLE - 1)


# Where a run starts.
def test_each_run_reads_from_before_the_clock_of_the_last_one(telling) -> None:
    began = telling.time - DAY
    telling.run()
    telling.run()
    assert telling.lms.asked == [began - DAY, began + DAY - DAY]


def test_a_change_that_shows_late_is_found_by_the_overlap(telling, make_member) -> None:
    telling.run()
    telling.lms.changes.append((telling.time - DAY - 3600, make_member("late")))
    outcome = telling.run()
    assert (outcome.kind, outcome.created) == ("in_between", 1)


@pytest.mark.parametrize(
    ("harm", "why"),
    [
        (lambda world: world.change(attributes={"emailAddress": "email"}), "the configuration has changed"),
        (lambda world: setattr(world, "time", world.time - 3 * DAY), "the source's clock has gone back"),
        (lambda world: setattr(world.lms, "changes_error", RosterIncomplete("broken off")), "broken off"),
        (lambda world: setattr(world.lms, "changes_error", RemoteRefused("no filters")), "no filters"),
        (_forget_everybody, "does not remember anybody"),
        (_forget_the_checkpoint, "there is no checkpoint"),
        (_fail, "the last run failed"),
        (_break_off, "the last run failed"),
        (_hold_a_full_run, "left something undone"),
    ],
)
def test_whatever_looks_wrong_makes_the_run_a_whole_one_that_says_so(telling, people, harm, why) -> None:
    telling.run()
    harm(telling)
    telling.lms.members = list(people(PEOPLE + 1))
    outcome = telling.run()
    assert (outcome.kind, outcome.read) == ("whole", PEOPLE + 1)
    assert any(why in notice and notice.startswith("The whole roster is read") for notice in outcome.notices)
    stored = sync_runs.find(telling.engine, outcome.run)
    assert (stored.since, stored.read_to) == (None, telling.time - DAY)


def test_a_clock_that_goes_back_is_noticed_after_a_run_that_was_held_too(telling, make_member) -> None:
    telling.change(limits={"updates": {"number": 0}})
    telling.lms.change(make_member("p3", first="Renamed"))
    held = telling.run()
    telling.time -= 1.25 * DAY
    following = telling.run()
    assert (held.kind, held.status, following.kind) == ("in_between", "held_back", "whole")
    assert "clock has gone back" in following.notices[0]


def test_the_whole_roster_is_read_when_that_is_due_or_asked_for(telling) -> None:
    kinds = [telling.run().kind for _ in range(8)]
    assert kinds == ["in_between"] * 6 + ["whole", "in_between"]
    assert telling.run(full=True).kind == "whole"
    assert telling.run(override=True).kind == "whole"


def test_incremental_runs_do_not_postpone_the_next_full_run(telling) -> None:
    telling.run()
    telling.time += 6 * DAY
    assert telling.run().kind == "whole"


def test_the_whole_roster_is_read_before_its_conflicts_are_forgotten(telling) -> None:
    telling.change(full_every="1000d")
    telling.time += 60 * DAY
    assert telling.run().kind == "in_between"
    telling.time += 30 * DAY
    assert telling.run().kind == "whole"


def test_a_source_without_changes_is_read_whole_and_says_nothing_of_it(world, people) -> None:
    world.lms.members = people(3)
    assert [world.run().notices for _ in range(2)] == [[], []]


def test_rows_that_only_link_are_always_read_whole(world) -> None:
    adapter = Adapter(
        name="test",
        title="Test",
        settings=SimpleNamespace,
        read_roster=world.lms.read,
        read_changes=world.lms.read_changes,
    )
    settings = SimpleNamespace(student_id="login", link=Link(attribute="emailAddress", field="email"))
    target = target_of(Connection("campus", adapter, settings), USERNAMES, "api", world.engine)
    assert not target.tells_changes()


# A run that came to nothing moves no checkpoint.
@pytest.mark.parametrize(
    ("how", "following"),
    [
        ("fails", "whole"),
        ("stops", "in_between"),
        ("is held back", "in_between"),
        ("leaves somebody in quarantine", "in_between"),
    ],
)
def test_what_was_not_done_is_read_again(telling, make_member, how, following) -> None:
    telling.run()
    telling.lms.change(make_member("p3", first="Renamed"))
    telling.time += 1.5 * DAY
    if how == "fails":
        telling.ottolearn.fail = lambda deed, attributes: RemoteRefused("no", status=403)
    elif how == "stops":
        telling.lms.while_reading = lambda: setattr(telling, "stop", True)
    elif how == "is held back":
        telling.change(limits={"updates": {"number": 0}})
    else:
        telling.ottolearn.fail = lambda deed, attributes: RemoteRefused("no", status=400)
    undone = telling.run()
    assert (undone.kind, undone.updated) == ("in_between", 0)
    assert sync_runs.find(telling.engine, undone.run).kind == "in_between"
    telling.stop, telling.lms.while_reading = False, lambda: None
    telling.ottolearn.fail = lambda deed, attributes: None
    telling.change(limits={})
    mended = telling.run()
    assert (mended.kind, mended.updated) == (following, 1)


def test_an_incremental_run_that_dies_at_any_statement_is_mended_by_the_next(telling, make_member) -> None:
    telling.lms.change(make_member("p3", first="Renamed"), make_member("new"), make_member("p4", active=False))
    crashing = Crashing(telling.engine)
    steps, survived = 1, False
    while not survived:
        survived = crashing.survives(steps, telling.run)
        steps += 5
    assert active(telling) == {f"p{n}" for n in range(PEOPLE)} - {"p4"} | {"new"}
    assert telling.ottolearn.by_username("p3").attributes["firstName"] == "Renamed"
    assert sum(deed == "create" for deed, _ in telling.ottolearn.writes) == PEOPLE + 1
    outcome = telling.run(full=True)
    assert (outcome.created, outcome.updated, outcome.deactivated) == (0, 0, 0)


# Nobody becomes somebody else because their double did not change.
def test_another_record_with_the_same_id_rewrites_nobody(telling, make_member) -> None:
    writes = list(telling.ottolearn.writes)
    telling.lms.change(make_member("p3", first="Impostor", record="another"))
    outcome = telling.run()
    assert (outcome.kind, outcome.conflicts, outcome.reasons) == ("in_between", 1, {"passed_on": 1})
    assert telling.ottolearn.writes == writes
    assert telling.run(full=True).reasons == {"duplicate": 1}
    assert telling.ottolearn.writes == writes


def test_the_deletion_of_another_record_with_the_same_id_deactivates_nobody(telling, make_member) -> None:
    telling.lms.change(make_member("p3", active=False, record="another"))
    assert (telling.run().deactivated, len(active(telling))) == (0, PEOPLE)


def test_two_members_who_were_one_id_stay_in_conflict_until_both_are_seen_again(telling, make_member) -> None:
    telling.lms.change(make_member("twin", record="one"), make_member("twin", record="two"))
    telling.time += 2 * DAY
    assert telling.run(full=True).reasons == {"duplicate": 2}
    telling.lms.change(make_member("twin", first="Changed", record="two"))
    outcome = telling.run()
    assert (outcome.kind, outcome.created, outcome.reasons) == ("in_between", 0, {"duplicate": 1})


def test_a_conflict_that_a_full_run_saw_resolved_is_over(telling, make_member) -> None:
    telling.lms.change(make_member("twin", record="one"), make_member("twin", record="two"))
    telling.run(full=True)
    telling.lms.change(make_member("twin", active=False, record="two"))
    assert telling.run(full=True).created == 1
    telling.lms.change(make_member("twin", first="Changed", record="one"))
    outcome = telling.run()
    assert (outcome.kind, outcome.updated, outcome.conflicts) == ("in_between", 1, 0)


def test_a_conflict_on_another_roster_is_none_here(telling, make_lms, make_member) -> None:
    twins = make_lms([make_member("new", record="one"), make_member("new", record="two")])
    assert telling.run("other", twins).reasons == {"duplicate": 2}
    telling.lms.change(make_member("new"))
    outcome = telling.run()
    assert (outcome.kind, outcome.created, outcome.conflicts) == ("in_between", 1, 0)


def test_a_conflict_with_ottolearn_is_over_when_it_is_mended_there(telling, make_member) -> None:
    telling.ottolearn.add(99, firstName="Ada", lastName="Lovelace", username="NEW")
    telling.lms.change(make_member("new"))
    assert telling.run(full=True).reasons == {"variant": 1}
    telling.ottolearn.edit(99, username="new")
    telling.lms.change(make_member("new", first="Changed"))
    outcome = telling.run()
    assert (outcome.kind, outcome.updated, outcome.conflicts) == ("in_between", 1, 0)


def test_two_members_who_claim_one_number_stay_in_conflict_until_both_are_seen_again(telling, make_member) -> None:
    telling.change(attributes={"username": "login", "employeeId": "number"})
    telling.lms.change(make_member("one", number="77"), make_member("two", number="77"))
    telling.time += 2 * DAY
    assert telling.run(full=True).reasons == {"claimed_twice": 2}
    telling.lms.change(make_member("two", number="77", first="Changed"))
    outcome = telling.run()
    assert (outcome.kind, outcome.created, outcome.conflicts) == ("in_between", 0, 1)


def test_an_account_made_anew_waits_until_the_old_record_is_let_go(telling, make_member) -> None:
    telling.lms.change(make_member("p3", active=False))
    assert telling.run().deactivated == 1
    telling.lms.change(make_member("p3", first="First3", record="another"))
    outcome = telling.run()
    assert (outcome.reactivated, outcome.reasons["passed_on"]) == (0, 1)
    people.release(telling.engine, "campus", [("roster", "p3")])
    outcome = telling.run(full=True)
    assert (outcome.kind, outcome.reactivated, len(active(telling))) == ("whole", 1, PEOPLE)


def test_a_double_whose_other_half_left_is_not_taken_for_gone(telling, make_member) -> None:
    telling.lms.change(make_member("p3", first="Other", record="another"))
    assert telling.run().reasons == {"passed_on": 1}
    telling.time += 2 * DAY
    telling.run()
    telling.lms.change(make_member("p3", active=False))
    outcome = telling.run()
    assert (outcome.kind, outcome.read, outcome.deactivated) == ("in_between", 1, 0)
    assert "p3" in active(telling)


@pytest.mark.parametrize("first", [0, 1])
def test_a_record_that_takes_the_place_of_another_costs_nobody_their_access(telling, make_member, first) -> None:
    old, new = make_member("p3", active=False), make_member("p3", first="Renamed", record="another")
    apart = [make_member(f"stranger{number}", active=False) for number in range(BATCH)]
    telling.lms.change(*[(old, *apart, new), (new, *apart, old)][first])
    outcome = telling.run()
    assert (outcome.kind, outcome.deactivated, "p3" in active(telling)) == ("in_between", 0, True)
    assert telling.run(full=True).reasons["passed_on"] == 1
    people.release(telling.engine, "campus", [("roster", "p3")])
    assert telling.run(full=True).updated == 1
    telling.lms.change(make_member("p3", active=False, record="another"))
    assert telling.run().deactivated == 1


def test_an_id_that_leads_to_somebody_elses_user_takes_nothing_over(telling, make_member) -> None:
    telling.change(attributes={"username": "login", "employeeId": "number"})
    telling.lms.members = [make_member("p0", number="77", first="First0"), *telling.lms.members[1:]]
    assert telling.run().kind == "whole"
    telling.lms.change(make_member("77", first="Impostor"))
    writes = list(telling.ottolearn.writes)
    outcome = telling.run()
    assert (outcome.kind, outcome.conflicts, telling.ottolearn.writes) == ("in_between", 1, writes)


def test_a_person_whose_id_changes_keeps_their_user(telling, make_member) -> None:
    telling.ottolearn.edit("p3", username="p3b")
    telling.lms.change(make_member("p3b", first="First3", record="p3"))
    outcome = telling.run()
    assert (outcome.kind, outcome.created, outcome.conflicts) == ("in_between", 0, 0)
    assert sync_people.count_present(telling.engine, 1) == PEOPLE


# Said everywhere.
def test_a_plan_of_changes_says_so_and_is_applied_as_it_is(telling, make_member) -> None:
    telling.lms.change(make_member("p3", first="Renamed"), make_member("p4", active=False))
    planned = telling.plan()
    head = json.loads((telling.directory_path / "plan.jsonl").read_text().splitlines()[0])
    assert (head["kind"], head["changes_since"]) == ("in_between", "1970-01-11T13:46:40Z")
    telling.lms.change(make_member("p5", first="Later"))
    applied = telling.apply(read_plan_file(telling.engine, telling.directory_path / "plan.jsonl").id)
    assert (applied.run, applied.kind, applied.updated, applied.deactivated) == (planned.run, "in_between", 1, 1)
    following = telling.run()
    assert (following.kind, following.updated) == ("in_between", 1)


def test_a_plan_that_was_never_applied_moves_no_checkpoint(telling, make_member) -> None:
    telling.lms.change(make_member("p3", first="Renamed"))
    telling.plan()
    telling.time += 3 * DAY
    assert telling.run().updated == 1


def test_the_record_and_the_reports_say_which_kind_a_run_was(telling, tmp_path) -> None:
    whole, between = (sync_runs.find(telling.engine, run) for run in (1, telling.run().run))
    assert [document(run)["kind"] for run in (whole, between)] == ["whole", "in_between"]
    assert document(between)["changes_since"]
    pages = [write_report(telling.engine, run, tmp_path)[0].read_text() for run in (whole, between)]
    assert "the whole roster, everything compared with OttoLearn" in pages[0]
    assert "an incremental run, of what the LMS changed since" in pages[1]


def test_a_snapshot_that_is_lost_after_many_incremental_runs_is_missed(telling) -> None:
    for _ in range(21):
        telling.run()
        telling.time -= DAY
    _forget_everybody(telling)
    telling.lms.members = telling.lms.members[:5]
    outcome = telling.run()
    assert (outcome.kind, outcome.reason, len(active(telling))) == ("whole", "snapshot_lost", PEOPLE)


def test_both_databases_remember_where_the_last_run_stopped(either_world, people, make_member) -> None:
    either_world.lms.now = either_world.now
    either_world.lms.members = list(people(3))
    either_world.run()
    either_world.lms.change(make_member("p1", active=False), make_member("p2", first="Renamed"))
    outcome = either_world.run()
    assert (outcome.kind, outcome.updated, outcome.deactivated) == ("in_between", 1, 1)
