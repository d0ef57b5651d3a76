"""The twelve rules of the guard. Each rule is one accident that a sync tool somewhere has had."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bridge.contracts import ReaderContext
from bridge.errors import RemoteUnavailable, RosterIncomplete
from bridge.store import sync_runs
from bridge.sync.limits import MaxChanges
from bridge.sync.reasons import OF_A_RUN
from bridge.sync.stale import PlanStale
from tests.bridge.sync.world import DAY

GRACE = {"days": 3, "complete_reads": 2}


def active(world) -> set[str]:
    return {user.attributes["username"] for user in world.ottolearn.users.values() if user.active}


@pytest.fixture
def synced(world, people):
    """Ten people on the roster and in OttoLearn."""
    world.lms.members = people(10)
    assert world.run().created == 10
    return world


# 1. "Absent from what I read" is not "gone".
@pytest.mark.parametrize(
    "broken",
    [
        {"ends": False},
        {"total": 12},
        {"error": RosterIncomplete("a course could not be read")},
        {"error": RemoteUnavailable("the LMS answered 500", status=500)},
    ],
)
def test_1_a_roster_cut_short_deactivates_nobody(synced, make_lms, make_member, people, broken) -> None:
    outcome = synced.run(lms=make_lms([*people(9), make_member("new")], **broken))
    assert outcome.exit_code == (1 if "unavailable" in outcome.reason else 3)
    assert len(active(synced)) == 10
    assert synced.items(outcome.run) == []
    with pytest.raises(Exception, match="nothing of its plan is left"):
        synced.apply(outcome.run)


def test_1_a_plan_that_two_apply_at_the_same_moment_counts_as_one_reading(synced, make_lms, people) -> None:
    planned = synced.plan(lms=make_lms(people(9)))
    found = sync_runs.find(synced.engine, planned.run)
    synced.apply(planned.run)
    with pytest.raises(PlanStale, match="nothing of its plan is left"):
        synced.sync().apply_plan(found)  # by whoever has looked before the other one was done


def test_1_a_member_after_the_end_makes_a_roster_incomplete(synced, people) -> None:
    def read(settings, reader_context: ReaderContext):
        yield from synced.lms.read(settings, reader_context)
        yield people(1)

    lms = type("Lms", (), {"read": staticmethod(read)})
    assert synced.run(lms=lms).reason == "roster_incomplete"


# 2. Deactivate only what this connection brought; never admins.
def test_2_somebody_whom_this_connection_did_not_bring_is_never_deactivated(synced, people) -> None:
    synced.ottolearn.add(99, firstName="By", lastName="Hand", username="by-hand")
    synced.lms.members = people(9)
    assert synced.run().deactivated == 1
    assert synced.ottolearn.users[99].active


def test_2_a_person_on_two_rosters_leaves_when_both_let_go(world, make_lms, people) -> None:
    one, two = make_lms(people(3)), make_lms(people(3))
    world.run("one", one)
    world.run("two", two)
    one.members = people(2)
    assert world.run("one", one).deactivated == 0
    assert len(active(world)) == 3
    two.members = people(2)
    assert world.run("two", two).deactivated == 1
    assert active(world) == {"p0", "p1"}


def test_2_an_administrator_is_never_written_to(world, make_member) -> None:
    world.ottolearn.add(1, firstName="The", lastName="API", username="api")
    world.ottolearn.add(2, firstName="The", lastName="Boss", username="boss")
    world.change(protected_users=["BOSS"])
    world.lms.members = [make_member("api"), make_member("boss"), make_member("s1")]
    assert world.run().reasons == {"protected_user": 2}
    assert world.ottolearn.writes == [("create", 3)]


def test_2_somebody_who_became_an_administrator_is_never_deactivated(synced, people) -> None:
    synced.change(protected_users=["p9"])
    synced.lms.members = people(9)
    assert synced.run().reasons == {"protected_user": 1}
    assert len(active(synced)) == 10


# 3. Deactivate, never delete; with a grace of days and complete readings; who comes back is reactivated.
def test_3_both_the_days_and_the_complete_readings_must_have_passed(synced, people) -> None:
    synced.change(grace=GRACE)
    synced.lms.members = people(9)
    deactivated = [synced.run().deactivated for _ in range(5)]
    assert deactivated == [0, 0, 0, 1, 0]
    synced.change(grace={"days": 0, "complete_reads": 3})
    synced.lms.members = people(8)
    assert [synced.run().deactivated for _ in range(4)] == [0, 0, 1, 0]


def test_3_a_return_within_the_grace_begins_the_grace_anew(synced, people) -> None:
    synced.change(grace={"days": 0, "complete_reads": 2})
    deactivated = []
    for count in (9, 10, 9, 10, 9, 9):
        synced.lms.members = people(count)
        deactivated.append(synced.run().deactivated)
    assert deactivated == [0, 0, 0, 0, 0, 1]


def test_3_an_incomplete_reading_does_not_count_towards_the_grace(synced, people, make_lms) -> None:
    synced.change(grace={"days": 0, "complete_reads": 2})
    synced.lms.members = people(9)
    synced.run()
    synced.run(lms=make_lms(people(9), ends=False))
    assert len(active(synced)) == 10


def test_3_whoever_comes_back_is_reactivated_and_has_lost_nothing(synced, people) -> None:
    synced.lms.members = people(9)
    synced.run()
    assert "p9" not in active(synced)
    assert synced.ottolearn.by_username("p9").attributes["firstName"] == "First9"
    synced.lms.members = people(10)
    outcome = synced.run()
    assert (outcome.reactivated, outcome.created) == (1, 0)
    assert "p9" in active(synced)
    assert synced.run().unchanged == 10


def test_3_nobody_is_deactivated_where_leavers_are_kept(synced, people) -> None:
    synced.change(on_leave="keep")
    synced.lms.members = people(3)
    assert [synced.run().deactivated for _ in range(3)] == [0, 0, 0]


# 4. Limits in number and per cent, for creations, updates and deactivations, in plans too.
@pytest.mark.parametrize("planning", [True, False])
@pytest.mark.parametrize("limit", [{"number": 4}, {"percent": 40}])
@pytest.mark.parametrize("kind", ["creations", "updates", "deactivations"])
def test_4_a_slip_that_touches_too_many_is_held(synced, people, make_member, kind, limit, planning) -> None:
    synced.change(limits={kind: limit, "floor": 2})
    synced.lms.members = {
        "creations": people(15),
        "updates": [*people(5), *[make_member(f"p{n}", first="Rewritten") for n in range(5, 10)]],
        "deactivations": people(5),
    }[kind]
    writes = list(synced.ottolearn.writes)
    outcome = synced.plan() if planning else synced.run()
    assert (outcome.status, outcome.reason) == ("planned" if planning else "held_back", "limit_exceeded")
    assert outcome.held == 5
    assert synced.ottolearn.writes == writes
    assert "5 " + kind in outcome.notices[0]


def test_4_the_floor_lets_small_sites_live_but_not_past_a_limit_in_number(synced, people) -> None:
    synced.change(limits={"deactivations": {"percent": 1}, "floor": 2})
    synced.lms.members = people(8)
    assert synced.run().deactivated == 2
    synced.change(limits={"deactivations": {"percent": 1, "number": 0}, "floor": 2})
    synced.lms.members = people(7)
    assert synced.run().held == 1


def test_4_a_first_run_that_would_rewrite_everybody_is_held(world, people) -> None:
    world.change(limits={})
    for number in range(20):
        world.ottolearn.add(number + 1, firstName="Somebody", lastName="Else", username=f"p{number}")
    world.lms.members = people(20)
    assert (world.run().held, world.ottolearn.writes) == (20, [])


def test_4_a_first_load_is_not_held(world, people) -> None:
    world.change(limits={})
    world.lms.members = people(60)
    assert world.run().created == 60


def test_4_a_number_for_one_class_replaces_its_limit_in_one_run(synced, people) -> None:
    synced.change(limits={"deactivations": {"number": 0}})
    synced.lms.members = people(5)
    assert synced.run(max_changes=MaxChanges(of={"deactivations": 4})).held == 5
    assert synced.run(max_changes=MaxChanges(of={"creations": 5})).held == 5
    assert synced.run(max_changes=MaxChanges(of={"deactivations": 5})).deactivated == 5


def test_4_whoever_expects_many_creations_has_not_allowed_deactivations(synced, people, make_member) -> None:
    synced.change(limits={"creations": {"number": 1}, "deactivations": {"number": 1}})
    synced.lms.members = [*people(5), *[make_member(f"new{n}") for n in range(5)]]
    outcome = synced.run(max_changes=MaxChanges(5))
    assert (outcome.created, outcome.deactivated, outcome.held) == (5, 0, 5)
    synced.change(limits={"deactivations": {"percent": None}})
    assert synced.run(max_changes=MaxChanges(4)).held == 5


def test_4_reactivations_are_no_updates_and_have_a_limit_of_their_own(synced, people, make_member) -> None:
    synced.lms.members = people(4)
    assert synced.run().deactivated == 6
    renamed = [make_member(f"p{n}", first="Renamed") for n in range(4)]
    synced.lms.members = [*renamed, *people(10)[4:]]
    synced.change(limits={"updates": {"number": 4}, "reactivations": {"number": 5}})
    outcome = synced.run()
    assert (outcome.updated, outcome.reactivated, outcome.held) == (4, 0, 6)
    assert "6 reactivations planned, 5 allowed" in outcome.notices[0]
    assert synced.run(max_changes=MaxChanges(of={"reactivations": 6})).reactivated == 6


# 5. Beyond a limit only the dangerous part is held, unless the operator says `abort`.
def test_5_beyond_a_limit_creations_go_on_and_deactivations_wait(synced, people, make_member) -> None:
    synced.change(limits={"deactivations": {"number": 1}})
    synced.lms.members = [*people(5), make_member("new")]
    outcome = synced.run()
    assert (outcome.created, outcome.deactivated, outcome.held) == (1, 0, 5)


def test_5_a_mapping_slip_takes_nobodys_access_either(synced, people, make_member) -> None:
    synced.change(limits={"updates": {"number": 1}})
    synced.lms.members = [make_member(f"p{n}", first="Rewritten") for n in range(9)]
    outcome = synced.run()
    assert (outcome.updated, outcome.deactivated, outcome.held) == (0, 0, 10)


def test_5_abort_holds_everything(synced, people, make_member) -> None:
    synced.change(limits={"deactivations": {"number": 1}}, on_exceed="abort")
    synced.lms.members = [*people(5), make_member("new")]
    outcome = synced.run()
    assert (outcome.created, outcome.held, outcome.exit_code) == (0, 6, 3)


# 6. Holding is an outcome with its own exit code, a saved plan, and one command to approve it.
def test_6_a_held_plan_has_its_exit_code_and_is_applied_when_approved(synced, people) -> None:
    synced.change(limits={"deactivations": {"number": 1}})
    synced.lms.members = people(5)
    held = synced.run()
    assert held.exit_code == 3
    approved = synced.approve(held.run)
    assert (approved.deactivated, approved.held, approved.exit_code) == (5, 0, 0)
    assert len(active(synced)) == 5
    with pytest.raises(Exception, match="nothing of its plan is left"):
        synced.approve(held.run)


def test_6_applying_a_plan_file_is_no_approval_of_what_its_limits_held(synced, people, make_member) -> None:
    synced.change(limits={"deactivations": {"number": 1}})
    synced.lms.members = [*people(5), make_member("new")]
    planned = synced.plan()
    lines = [json.loads(line) for line in Path(planned.plan_file).read_text("utf-8").splitlines()]
    assert [line.get("state") for line in lines if line.get("kind") == "deactivate"] == ["held"] * 5
    applied = synced.apply(planned.run)
    assert (applied.created, applied.deactivated, applied.held) == (1, 0, 5)
    assert (applied.status, applied.reason, applied.exit_code) == ("held_back", "limit_exceeded", 3)
    approved = synced.approve(planned.run)
    assert (approved.deactivated, approved.held, approved.exit_code) == (5, 0, 0)


def test_6_nobody_is_deactivated_by_an_old_approval_after_a_later_run_has_seen_them_again(synced, people) -> None:
    synced.change(limits={"deactivations": {"number": 0}})
    synced.lms.members = people(9)
    held = synced.run()
    synced.lms.members = people(10)
    synced.run()
    assert (synced.approve(held.run).deactivated, len(active(synced))) == (0, 10)


# 7. A plan is shown, kept, and applied exactly as it was shown; a stale one is refused.
def test_7_planning_changes_nothing(synced, people, make_member) -> None:
    synced.lms.members = [*people(9), make_member("new")]
    before = (dict(synced.ottolearn.users), list(synced.ottolearn.writes))
    first, second = synced.plan(), synced.plan()
    assert (synced.ottolearn.users, synced.ottolearn.writes) == before
    assert (first.created, first.deactivated) == (second.created, second.deactivated) == (1, 1)


def test_7_what_is_applied_is_the_plan_that_was_shown(synced, people, make_member) -> None:
    synced.lms.members = [*people(9), make_member("new")]
    planned = synced.plan()
    synced.lms.members = [make_member("other")]
    applied = synced.apply(planned.run)
    assert (applied.created, applied.deactivated) == (1, 1)
    assert active(synced) == {f"p{n}" for n in range(9)} | {"new"}


@pytest.mark.parametrize(
    "meanwhile",
    [
        lambda world: world.ottolearn.edit(1, firstName="Edited"),
        lambda world: world.ottolearn.edit(1, active=False),
        lambda world: world.ottolearn.users.pop(1),
        lambda world: world.ottolearn.edit(10, active=False),
        lambda world: world.ottolearn.add(50, firstName="A", lastName="B", username="new"),
        lambda world: world.run(),
        lambda world: world.change(attributes={"emailAddress": "email"}),
        lambda world: world.run("another", world.lms_of_ten),
    ],
)
def test_7_a_plan_whose_base_has_changed_is_refused(synced, people, make_member, make_lms, meanwhile) -> None:
    synced.lms_of_ten = make_lms(people(10))
    synced.lms.members = [make_member("p0", first="New"), *people(9)[1:], make_member("new")]
    planned = synced.plan()
    meanwhile(synced)
    writes = list(synced.ottolearn.writes)
    with pytest.raises(Exception, match="make a new"):
        synced.apply(planned.run)
    assert synced.ottolearn.writes == writes


# 8. Compare with OttoLearn itself regularly; an edit made there is reported and never overwritten.
def test_8_an_edit_made_in_ottolearn_wins_until_somebody_overrides_it(synced, people, make_member) -> None:
    synced.ottolearn.edit(1, firstName="Preferred")
    synced.lms.members = [make_member("p0", first="New", last="Surname"), *people(10)[1:]]
    outcome = synced.run()
    assert (outcome.updated, outcome.reasons) == (1, {"changed_in_ottolearn": 1})
    assert synced.ottolearn.users[1].attributes["firstName"] == "Preferred"
    assert synced.ottolearn.users[1].attributes["lastName"] == "Surname"
    [item] = synced.items(outcome.run, "update")
    assert item.content.foreign == {"firstName": ("Preferred", "New")}
    synced.run(full=True)
    assert synced.ottolearn.users[1].attributes["firstName"] == "Preferred"
    synced.run(full=True, override=True)
    assert synced.ottolearn.users[1].attributes["firstName"] == "New"


def test_8_somebody_deactivated_by_hand_stays_so_and_is_reported(synced, people) -> None:
    synced.ottolearn.edit(1, active=False)
    assert synced.run(full=True).reasons == {"inactive_in_ottolearn": 1}
    assert not synced.ottolearn.users[1].active


@pytest.mark.parametrize("how", [{"override": True}, {"override": True, "full": True}])
def test_8_overriding_gives_nobody_their_access_back(synced, people, make_member, how) -> None:
    synced.ottolearn.edit(1, active=False)
    synced.change(protect=False)
    synced.lms.members = [make_member("p0", first="New"), *people(10)[1:]]
    outcome = synced.run(**how)
    assert (outcome.reactivated, outcome.reasons) == (0, {"inactive_in_ottolearn": 1})
    assert not synced.ottolearn.users[1].active


def test_8_override_alone_overwrites_what_was_edited_for_people_the_lms_says_nothing_new_of(synced) -> None:
    synced.ottolearn.edit(1, firstName="Preferred")
    assert synced.run(override=True).updated == 1
    assert synced.ottolearn.users[1].attributes["firstName"] == "First0"


# 9. Checkpoint after the effect, never before.
def test_9_what_was_not_written_is_not_remembered_as_written(synced, make_member, people) -> None:
    synced.lms.members = [make_member("p0", first="New"), *people(10)[1:]]
    synced.ottolearn.fail = lambda deed, attributes: RemoteUnavailable("no answer in time")
    failed = synced.run()
    assert (failed.updated, failed.exit_code) == (0, 4)
    synced.ottolearn.fail = lambda deed, attributes: None
    assert synced.run().updated == 1


# 10. Equal IDs are a conflict on both sides, never "the last one wins": see also test_plan.py.
def test_10_a_duplicate_is_left_alone_on_both_sides_in_either_order(synced, people, make_member) -> None:
    writes = list(synced.ottolearn.writes)
    for members in (
        [make_member("p0", first="X"), *people(10)],
        [*people(10), make_member("p0", first="X", record="twin")],
    ):
        synced.lms.members = members
        assert synced.run().conflicts >= 1
    assert synced.ottolearn.writes == writes


# 11. One bad record stops nothing, and does not vanish.
def test_11_a_record_that_ottolearn_refuses_is_quarantined_and_the_rest_goes_on(world, people) -> None:
    from bridge.errors import RemoteRefused

    world.ottolearn.fail = lambda deed, attributes: (
        RemoteRefused("no", status=400) if attributes["username"] == "p3" else None
    )
    world.lms.members = people(8)
    outcome = world.run()
    assert (outcome.created, outcome.quarantined, outcome.exit_code) == (7, 1, 4)
    assert outcome.reasons == {"refused_400": 1}
    world.ottolearn.fail = lambda deed, attributes: None
    assert (world.run().created, len(world.ottolearn.users)) == (1, 8)


# 12. Exit codes are the interface of a command that runs at night.
def test_12_every_end_has_its_exit_code(synced, people, make_lms) -> None:
    from bridge.store.sync_lock import LockHeld, sync_lock

    assert synced.run().exit_code == 0
    assert synced.plan().exit_code == 0
    down = make_lms([], error=RemoteUnavailable("the LMS answered 503", status=503))
    assert synced.run(lms=down).exit_code == 1
    assert synced.run(lms=make_lms(people(1), ends=False)).exit_code == 3
    with sync_lock(synced.engine, "campus"), pytest.raises(LockHeld):
        synced.run()
    synced.stop = True
    assert synced.run().exit_code == 130


@pytest.mark.parametrize("on_exceed", ["hold_deactivations", "abort"])
def test_a_lost_snapshot_deactivates_nobody_and_says_so(synced, people, on_exceed) -> None:
    from sqlalchemy import delete

    from bridge.store.sync_schema import sync_person

    synced.change(on_exceed=on_exceed)
    with synced.engine.begin() as connection:
        connection.execute(delete(sync_person))
    synced.lms.members = people(5)
    outcome = synced.run()
    assert (outcome.reason, outcome.deactivated, outcome.exit_code) == ("snapshot_lost", 0, 3)
    assert outcome.reason in OF_A_RUN, "no page and no document says what the word means"
    assert outcome.notices == ["No snapshot: no deactivations this run. It is rebuilt from this roster."]
    assert synced.run().status == "done"
    assert len(active(synced)) == 10, "the advice says that later runs do not know who has left"


def test_a_conflict_keeps_the_users_it_is_about_from_being_deactivated(synced, make_member, people) -> None:
    synced.change(attributes={"username": "login", "employeeId": "number"})
    synced.ottolearn.edit(10, employeeId="0042")
    synced.lms.members = [*people(9), make_member("renamed", number="0042")]
    outcome = synced.run()
    assert (outcome.reasons, outcome.deactivated) == ({"other_id": 1}, 0)


def test_a_first_load_that_was_interrupted_is_not_held_when_it_goes_on(world, people) -> None:
    world.change(limits={})
    world.lms.members = people(60)

    def stop_soon(deed, attributes) -> None:
        world.stop = len(world.ottolearn.users) > 10

    world.ottolearn.fail = stop_soon
    first = world.run()
    assert (first.reason, 0 < first.created < 60) == ("interrupted", True)
    world.stop, world.ottolearn.fail = False, lambda deed, attributes: None
    assert world.run().created == 60 - first.created


def test_somebody_whose_student_id_went_blank_does_not_leave_by_it(synced, make_member, people) -> None:
    synced.change(attributes={"username": "login", "employeeId": "number"})
    synced.lms.members = [*people(9), make_member("p9", first="First9", number="0042")]
    synced.run()
    synced.lms.members = [*people(9), make_member("", first="First9", number="0042")]
    outcome = synced.run()
    assert (outcome.reasons, outcome.deactivated) == ({"no_student_id": 1}, 0)
    assert "p9" in active(synced)


def test_whoever_was_deactivated_by_hand_while_the_sync_wrote_stays_so(synced, make_member, people) -> None:
    synced.lms.members = [*people(9), make_member("p9", first="Renamed")]
    user_id = synced.ottolearn.by_username("p9").user_id

    def meanwhile(deed, attributes):
        synced.ottolearn.edit(user_id, active=False)

    synced.ottolearn.fail = meanwhile
    assert synced.run().updated == 1
    found = synced.ottolearn.users[user_id]
    assert (found.attributes["firstName"], found.active) == ("Renamed", False)


def test_a_plan_that_lay_for_weeks_deactivates_nobody(synced, people) -> None:
    synced.lms.members = people(9)
    planned = synced.plan()
    synced.lms.members = people(10)  # back, of which the plan knows nothing
    synced.time += 7 * DAY
    with pytest.raises(Exception, match="older than 7 days"):
        synced.apply(planned.run)
    assert len(active(synced)) == 10
