"""A source that gives fewer rights than before: its roster may name people who should not have access."""

from __future__ import annotations

import pytest

REPORTS = "the right to run reports"


@pytest.fixture
def lost(either_world, people, make_member):
    """Ten people, of whom two left; then the right is lost, and the two are named again, with somebody new."""
    world = either_world
    world.lms.members = people(10)
    world.run()
    world.lms.members = people(8)
    assert world.run().deactivated == 2
    world.lms.lacks = REPORTS
    world.lms.members = [make_member("p0", first="Renamed"), *people(10)[1:], make_member("new")]
    return world


def test_nobody_gets_access_by_a_roster_that_was_read_with_fewer_rights(lost) -> None:
    for _ in range(2):
        outcome = lost.run()
        assert (outcome.status, outcome.reason, outcome.exit_code) == ("held_back", "right_lost", 3)
        assert (outcome.created, outcome.reactivated, outcome.held) == (0, 0, 3)
        assert REPORTS in outcome.notices[0]
    assert lost.ottolearn.by_username("p0").attributes["firstName"] == "Renamed"
    assert len([user for user in lost.ottolearn.users.values() if user.active]) == 8


def test_no_number_on_the_command_line_brings_a_lost_right_back(lost) -> None:
    from bridge.sync.limits import MaxChanges

    assert lost.run(max_changes=MaxChanges(100, {"creations": 100, "reactivations": 100})).held == 3


def test_a_run_says_that_the_right_is_gone_even_if_nobody_new_is_named(lost, people) -> None:
    lost.lms.members = people(8)
    outcome = lost.run()
    assert (outcome.exit_code, outcome.held) == (3, 0)
    assert (lost.approve(outcome.run).exit_code, lost.run().exit_code) == (0, 0)


def test_with_the_right_given_back_everybody_comes_in(lost) -> None:
    lost.run()
    lost.lms.lacks = ""
    outcome = lost.run()
    assert (outcome.status, outcome.created, outcome.reactivated) == ("done", 1, 2)


def test_whoever_approves_such_a_run_lives_without_the_right_from_then_on(lost, make_member) -> None:
    approved = lost.approve(lost.run().run)
    assert (approved.status, approved.created, approved.reactivated) == ("done", 1, 2)
    lost.lms.members = [*lost.lms.members, make_member("newer")]
    assert (lost.run().created, lost.run().status) == (1, "done")
    lost.lms.lacks = "the right to read logins"
    assert lost.run().reason == "right_lost"


def test_a_source_that_never_gave_the_right_is_taken_as_it_is(world, people) -> None:
    world.lms.members, world.lms.lacks = people(3), REPORTS
    assert (world.run().created, world.run().status) == (3, "done")
