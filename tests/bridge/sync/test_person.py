"""A run for one person whom a launch waits for: it decides as a full run would, and disturbs none."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from bridge.errors import RemoteUnavailable
from bridge.roster.settings import Limit, Limits, Roster
from bridge.store import sync_runs
from bridge.store.sync_items import Kind, State
from bridge.store.sync_lock import LockHeld, sync_lock
from bridge.sync.person import PersonResult
from bridge.sync.run import Options
from bridge.sync.stale import PlanStale
from tests.bridge.sync.one_person import bring
from tests.bridge.sync.world import DAY, World, member


def state_of(brought: PersonResult) -> tuple[str, str]:
    assert brought.item is not None
    return brought.item.kind, brought.item.state


def test_the_next_full_run_finds_everything_as_it_should_be(either_world: World) -> None:
    either_world.lms.members = [member("p1")]
    either_world.run()
    assert state_of(bring(either_world, member("p2"))) == (Kind.CREATE, State.DONE)
    either_world.lms.members.append(member("p2"))
    outcome = either_world.run()
    assert (outcome.unchanged, outcome.created, outcome.updated, outcome.conflicts) == (2, 0, 0, 0)
    assert len(either_world.ottolearn.users) == 2


def test_whom_the_next_full_run_misses_leaves_as_ever(world: World) -> None:
    world.lms.members = [member("p1")]
    world.run()
    bring(world, member("p2"))
    assert world.run().deactivated == 1
    assert not world.ottolearn.by_username("p2").active


def test_a_look_up_is_no_reading_of_the_roster(world: World) -> None:
    """Otherwise the roster would never be due again, and changes would be read from a wrong moment on."""
    world.lms.now = world.now
    world.lms.members = [member("p1")]
    world.run()
    before = sync_runs.newest(world.engine, 1)[0]
    world.time += 10 * DAY
    bring(world, member("p2"))
    source = before.source
    assert sync_runs.last_started(world.engine, source) == before.started_at
    assert sync_runs.last_whole(world.engine, source) == before.id
    assert [run.id for run in sync_runs.completed(world.engine, source, 5)] == [before.id]
    assert world.sync().due()


def test_the_first_full_run_after_look_ups_is_the_first_load(world: World) -> None:
    world.roster = Roster()
    bring(world, member("p0"))
    world.lms.members = [member(f"p{number}") for number in range(20)]
    assert world.run().created == 19


def test_a_twin_at_the_last_whole_reading_stays_a_conflict(world: World) -> None:
    world.lms.members = [member("p1", record="a"), member("p1", record="b")]
    world.run()
    assert state_of(bring(world, member("p1", record="a")))[0] == Kind.CONFLICT
    assert world.ottolearn.users == {}


def test_a_changed_id_is_followed_where_syncs_follow(world: World) -> None:
    world.follows_ids = True
    world.lms.members = [member("p1", record="a")]
    world.run()
    assert state_of(bring(world, member("p9", record="a"))) == (Kind.FOLLOW, State.DONE)
    (user,) = world.ottolearn.users.values()
    assert user.attributes["username"] == "p9"


def test_a_changed_id_is_a_conflict_where_syncs_hold(world: World) -> None:
    world.lms.members = [member("p1", record="a")]
    world.run()
    assert state_of(bring(world, member("p9", record="a")))[0] == Kind.CONFLICT


def test_the_launches_of_a_day_are_one_run_to_the_limits(either_world: World) -> None:
    either_world.lms.members = [member(f"p{number}") for number in range(20)]
    either_world.run()
    either_world.roster = Roster(limits=Limits(creations=Limit(percent=10), floor=2))
    assert [state_of(bring(either_world, member(f"n{number}")))[1] for number in range(3)] == ["done", "done", "held"]
    either_world.time += DAY + 1
    assert state_of(bring(either_world, member("n3")))[1] == "done"


def test_what_the_last_run_holds_no_launch_does(world: World) -> None:
    world.lms.members = [member("p1")]
    world.run()
    world.roster = Roster(limits=Limits(creations=Limit(number=2)))
    world.lms.members += [member(f"n{number}") for number in range(3)]
    held = world.run()
    assert held.held == 3
    assert [state_of(bring(world, member(f"n{number}")))[1] for number in range(3)] == ["held"] * 3
    world.sync().approve(next(run for run in sync_runs.newest(world.engine, 9) if run.id == held.run))
    world.lms.members.append(member("n4"))
    assert state_of(bring(world, member("n4")))[1] == "done"


def test_held_deactivations_hold_up_nobody_who_comes(world: World) -> None:
    world.lms.members = [member(f"p{number}") for number in range(20)]
    world.run()
    world.roster = Roster(on_leave="deactivate", grace={"days": 0, "complete_reads": 1}, limits=Limits())
    world.lms.members = world.lms.members[:5]
    assert world.run().held == 15
    assert state_of(bring(world, member("n1"))) == (Kind.CREATE, State.DONE)


def saved(world: World, *members: Any) -> sync_runs.Run:
    world.lms.members = list(members)
    outcome = world.sync().run(Options(plan_file=world.directory_path / "plan.jsonl"))
    found = sync_runs.find(world.engine, outcome.run)
    assert found is not None
    return found


def test_a_saved_plan_outlives_launches_of_others(either_world: World) -> None:
    plan = saved(either_world, member("p1"), member("p2"))
    bring(either_world, member("p3"))
    assert either_world.sync().apply_plan(plan).created == 2


def test_a_saved_plan_of_whom_a_launch_has_made_is_stale(either_world: World) -> None:
    plan = saved(either_world, member("p1"), member("p2"))
    bring(either_world, member("p1"))
    with pytest.raises(PlanStale):
        either_world.sync().apply_plan(plan)
    assert len(either_world.ottolearn.users) == 1


def test_nobody_is_made_beside_a_sync_that_is_under_way(either_world: World) -> None:
    bring(either_world, member("p0"))
    with sync_lock(either_world.engine, "campus"), pytest.raises(RemoteUnavailable, match="under way"):
        bring(either_world, member("p1"), seconds=0.2)
    assert len(either_world.ottolearn.users) == 1


def test_a_sync_waits_for_the_launch_that_is_before_it(either_world: World) -> None:
    either_world.lms.members = [member("p1")]
    either_world.run()
    begun, release = threading.Event(), threading.Event()
    create = either_world.ottolearn.create

    def slow(*arguments: Any, **named: Any) -> Any:
        begun.set()
        release.wait(60)
        return create(*arguments, **named)

    either_world.ottolearn.create = slow  # type: ignore[method-assign]
    launch = threading.Thread(target=bring, args=(either_world, member("p2"), "campus", 120.0))
    launch.start()
    assert begun.wait(60)
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) > 5:
            release.set()
            launch.join(60)

    either_world.lms.members.append(member("p2"))
    either_world.sleep = sleep  # type: ignore[method-assign]
    assert either_world.run().unchanged == 2
    assert slept


def test_a_sync_waits_for_no_other_sync(world: World) -> None:
    with sync_lock(world.engine, "campus"), pytest.raises(LockHeld):
        world.run()


def test_nothing_is_begun_when_the_time_is_over(world: World) -> None:
    brought = bring(world, member("p1"), seconds=-1)
    assert brought.outcome.reason == "interrupted"
    assert world.ottolearn.users == {}
