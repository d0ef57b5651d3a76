"""A run is asked to stop through the database, by whoever sees that it goes wrong, from any machine."""

from __future__ import annotations

from bridge.store import sync_runs
from bridge.store.sync_stops import ask_to_stop


def test_a_run_that_writes_stops_when_it_is_asked_and_the_next_resumes(world, people) -> None:
    world.change(limits={})
    world.lms.members = people(60)

    def ask_soon(deed, attributes) -> None:
        world.time += 2
        if len(world.ottolearn.users) > 10:
            ask_to_stop(world.engine, sync_runs.newest(world.engine, 1)[0].id, world.time)

    world.ottolearn.fail = ask_soon
    first = world.run()
    assert (first.reason, first.status, 0 < first.created < 60) == ("stopped", "partial", True)
    world.ottolearn.fail = lambda deed, attributes: None
    second = world.run()
    assert (second.reason, second.created) == ("", 60 - first.created)


def test_a_run_that_reads_stops_too_and_changes_nothing(world, people) -> None:
    world.lms.members = people(10)

    def ask() -> None:
        world.time += 2
        assert ask_to_stop(world.engine, sync_runs.newest(world.engine, 1)[0].id, world.time)

    world.lms.while_reading = ask
    outcome = world.run()
    assert (outcome.reason, outcome.created, outcome.exit_code) == ("stopped", 0, 130)


def test_a_run_that_is_over_is_not_asked(world, people) -> None:
    world.lms.members = people(2)
    assert not ask_to_stop(world.engine, world.run().run, world.time)


def test_a_plan_that_was_stopped_can_be_carried_out_after_all(world, people) -> None:
    world.change(limits={})
    world.lms.members = people(60)
    planned = world.plan().run

    def ask_soon(deed, attributes) -> None:
        world.time += 2
        if len(world.ottolearn.users) > 10:
            ask_to_stop(world.engine, planned, world.time)

    world.ottolearn.fail = ask_soon
    assert world.apply(planned).reason == "stopped"
    world.ottolearn.fail = lambda deed, attributes: None
    assert world.apply(planned).reason == ""
    assert len(world.ottolearn.users) >= 60
