"""What the reader of a roster guessed is shown before anything is written by it."""

from __future__ import annotations

import pytest

from bridge.errors import RosterIncomplete
from bridge.store import sync_runs
from tests.bridge.sync.world import DAY

GUESS = 'student_id: "Matricola"'


@pytest.fixture
def guessing(world, people):
    """A roster of three people, whose columns were guessed."""
    world.lms.members = people(3)
    world.lms.guess = GUESS
    return world


def users(world) -> int:
    return len(world.ottolearn.users)


def test_nothing_is_written_by_a_guess_that_nobody_has_seen(guessing) -> None:
    file = guessing.directory_path / "new folder" / "guessed.jsonl"
    first = guessing.run(guess_file=file)
    assert (first.status, first.reason, first.exit_code, first.created) == ("planned", "columns_guessed", 3, 3)
    assert GUESS in first.notices[-1]
    assert (first.plan_file, file.read_text("utf-8").count('"create"')) == (str(file), 3)
    assert (guessing.run().exit_code, users(guessing)) == (3, 0)


def test_a_guess_that_was_confirmed_is_gone_on_with_every_night(guessing, make_member) -> None:
    applied = guessing.apply(guessing.run().run)
    assert (applied.status, applied.reason, applied.exit_code, users(guessing)) == ("done", "", 0, 3)
    guessing.lms.members.append(make_member("new"))
    assert (guessing.run().status, users(guessing)) == ("done", 4)
    guessing.lms.guess = ""
    assert guessing.run().status == "done"
    guessing.lms.guess = GUESS
    guessing.lms.members.append(make_member("newer"))
    assert (guessing.run().status, users(guessing)) == ("done", 5)


def test_another_guess_is_shown_again(guessing, make_member) -> None:
    guessing.apply(guessing.run().run)
    guessing.lms.guess = 'student_id: "Matricola dipendente"'
    guessing.lms.members.append(make_member("new"))
    assert (guessing.run().reason, users(guessing)) == ("columns_guessed", 3)


def test_a_guess_by_which_nothing_was_written_is_not_taken_for_confirmed(guessing, people) -> None:
    for member in people(3):
        attributes = {"firstName": member.student.first_name, "lastName": member.student.last_name}
        guessing.ottolearn.add(100 + users(guessing), **attributes, username=member.student.student_id)
    assert guessing.run().exit_code == 0
    guessing.lms.members = people(4)
    assert (guessing.run().reason, users(guessing)) == ("columns_guessed", 3)


def test_a_run_that_ended_early_confirms_no_guess(guessing) -> None:
    guessing.lms.error = RosterIncomplete("cut short")
    assert guessing.run().reason == "roster_incomplete"
    guessing.lms.error = None
    guessing.plan()
    guessing.stop = True
    held = guessing.run()
    assert held.reason == "interrupted"
    guessing.stop = False
    assert (guessing.run().reason, users(guessing)) == ("columns_guessed", 0)


def test_a_plan_that_was_asked_for_ends_as_a_plan_and_confirms_the_guess_when_it_is_applied(guessing) -> None:
    planned = guessing.plan()
    assert (planned.reason, planned.exit_code) == ("", 0)
    assert guessing.apply(planned.run).created == 3
    assert guessing.run().status == "done"


@pytest.mark.parametrize("on_exceed", ["hold_deactivations", "abort"])
def test_what_a_limit_holds_stays_held_when_a_guess_is_confirmed(guessing, on_exceed) -> None:
    guessing.change(on_exceed=on_exceed, limits={"creations": {"number": 1}})
    planned = guessing.run()
    assert (planned.reason, planned.held) == ("columns_guessed", 3)
    applied = guessing.apply(planned.run)
    assert (applied.status, applied.reason, applied.exit_code) == ("held_back", "limit_exceeded", 3)
    assert users(guessing) == 0


def test_a_plan_that_waits_is_not_made_anew_at_every_look_at_the_clock(guessing) -> None:
    guessing.run()
    guessing.time -= DAY / 2
    assert not guessing.sync().due()
    guessing.time += DAY
    assert guessing.sync().due()


def test_a_plan_that_nobody_confirmed_does_not_put_off_the_comparison_of_everything(guessing) -> None:
    guessing.run()
    again = sync_runs.find(guessing.engine, guessing.run().run)
    assert again is not None
    assert again.full


def test_approving_a_run_confirms_its_guess_and_no_other(guessing) -> None:
    shown = guessing.run()
    guessing.lms.guess = 'student_id: "Matricola dipendente"'
    assert (guessing.approve(shown.run).reason, users(guessing)) == ("columns_guessed", 0)
    guessing.lms.guess = GUESS
    assert (guessing.approve(shown.run).created, users(guessing)) == (3, 3)
