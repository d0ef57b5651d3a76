"""Approving: what somebody was shown and is still true is done, and nothing else passes the limits by it."""

from __future__ import annotations

import pytest

from bridge.errors import RemoteRefused
from bridge.sync.stale import PlanStale
from tests.bridge.sync.world import DAY


def active(world) -> set[str]:
    return {user.attributes["username"] for user in world.ottolearn.users.values() if user.active}


@pytest.fixture
def held(either_world, people):
    """Ten people in OttoLearn, five of whom have left; the limit holds that. `world.held` is the run."""
    world = either_world
    world.lms.members = people(10)
    world.run()
    world.change(limits={name: {"number": 1} for name in ("creations", "updates", "deactivations")})
    world.lms.members = people(5)
    world.held = world.run().run
    return world


def test_whoever_came_back_since_the_run_was_held_keeps_their_access(held, people) -> None:
    held.lms.members = people(8)
    outcome = held.approve(held.held)
    assert (outcome.status, outcome.deactivated, outcome.held) == ("done", 2, 0)
    assert active(held) == {f"p{n}" for n in range(8)}


def test_who_left_after_the_run_was_held_is_not_approved_with_the_others(held, people) -> None:
    held.lms.members = people(2)
    outcome = held.approve(held.held)
    assert (outcome.deactivated, outcome.held, outcome.exit_code) == (5, 3, 3)
    assert active(held) == {f"p{n}" for n in range(5)}
    assert held.approve(outcome.run).deactivated == 3


def test_whom_another_connection_has_taken_over_meanwhile_stays(held, people, make_lms) -> None:
    held.run("another", make_lms(people(10)))
    assert (held.approve(held.held).deactivated, len(active(held))) == (0, 10)


def test_a_roster_that_breaks_off_at_the_approval_changes_nothing_and_leaves_it_open(held, people) -> None:
    held.lms.ends = False
    assert (held.approve(held.held).reason, len(active(held))) == ("roster_incomplete", 10)
    held.lms.ends = True
    assert held.approve(held.held).deactivated == 5


def test_another_name_than_the_one_that_was_shown_is_not_approved(held, people, make_member) -> None:
    held.lms.members = [make_member(f"p{n}", first="Shown") for n in range(10)]
    shown = held.run()
    assert shown.held == 10
    held.lms.members = [*held.lms.members[:8], *[make_member(f"p{n}", first="Other") for n in (8, 9)]]
    outcome = held.approve(shown.run)
    assert (outcome.updated, outcome.held) == (8, 2)
    assert held.ottolearn.by_username("p9").attributes["firstName"] == "First9"


def test_what_ottolearn_refused_can_be_approved_again(held, people) -> None:
    held.ottolearn.fail = lambda deed, attributes: RemoteRefused("not now", status=400)
    assert held.approve(held.held).exit_code == 4
    held.ottolearn.fail = lambda deed, attributes: None
    assert held.approve(held.held).deactivated == 5


def test_an_override_that_was_held_is_approved_as_the_override_it_was(held, people) -> None:
    held.lms.members = people(10)
    for user_id in (1, 2):
        held.ottolearn.edit(user_id, firstName="Preferred")
    shown = held.run(override=True)
    assert shown.held == 2
    assert held.approve(shown.run).updated == 2


def test_with_abort_nothing_new_slips_in_with_an_approval(held, people, make_member) -> None:
    held.change(on_exceed="abort")
    held.lms.members = [*people(5), *[make_member(f"new{n}") for n in range(3)]]
    outcome = held.approve(held.held)
    assert (outcome.created, outcome.deactivated, outcome.held) == (0, 0, 8)
    assert held.approve(outcome.run).held == 0
    assert active(held) == {f"p{n}" for n in range(5)} | {f"new{n}" for n in range(3)}


def test_an_approval_of_weeks_ago_is_refused(held) -> None:
    held.time += 7 * DAY
    with pytest.raises(PlanStale, match="older than 7 days"):
        held.approve(held.held)
    assert len(active(held)) == 10
