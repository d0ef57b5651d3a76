"""What administrators ask for on pages is done by the same sync as the commands', and its end is always told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import pytest
from sqlalchemy import Engine

from bridge.contracts import Adapter, Connection, RosterMember
from bridge.errors import ConfigError
from bridge.store import sync_progress, sync_requests, sync_runs
from bridge.store.sync_lock import sync_lock
from bridge.store.sync_requests import Act, Stage
from bridge.store.sync_runs import Status
from bridge.sync.outcome import Outcome
from bridge.sync.record import with_progress_record
from bridge.sync.requested import BEAT, DIED, LEASE, RequestedSyncs
from bridge.sync.run import Sync
from tests.bridge.sync.world import World

People = Callable[[int], Sequence[RosterMember]]


def found(name: str, world: World) -> Connection | None:
    adapter: Adapter = Adapter(name="test", title="Test", settings=dict, read_roster=world.lms.read)
    return None if name == "nobody" else Connection(name, adapter, None)


def carry_out(world: World, act: Act, run: int | None = None, *, name: str = "campus", sync: Sync | None = None):
    sync_requests.add(world.engine, name, act, run, asked_by="Ann", now=world.now())
    requested = RequestedSyncs(
        world.engine, lambda name: found(name, world), lambda one: sync or world.sync(one.name), world.now
    )
    assert requested.is_due()
    requested.run()
    assert not requested.is_due()
    ended = sync_requests.newest_of(world.engine, name)
    assert ended is not None
    assert sync_requests.open_of(world.engine, name) is None
    return ended


def test_a_sync_is_run(world: World, people: People) -> None:
    world.lms.members = list(people(3))
    ended = carry_out(world, Act.SYNC)
    run = sync_runs.find(world.engine, ended.result or 0)
    assert run is not None
    assert (ended.state, run.status, len(world.ottolearn.users)) == (Stage.DONE, Status.DONE, 3)


def test_a_plan_changes_nothing_and_is_applied_as_it_was_shown(world: World, people: People) -> None:
    world.lms.members = list(people(3))
    planned = carry_out(world, Act.PLAN)
    assert world.ottolearn.users == {}
    world.lms.members = list(people(9))
    applied = carry_out(world, Act.APPLY, planned.result)
    assert (applied.state, applied.result, len(world.ottolearn.users)) == (Stage.DONE, planned.result, 3)
    again = carry_out(world, Act.APPLY, planned.result)
    assert (again.state, again.result) == (Stage.FAILED, None)
    assert "nothing of its plan is left" in again.detail


def test_what_was_held_is_read_again_when_it_is_approved(world: World, people: People) -> None:
    world.lms.members = list(people(10))
    world.run()
    world.change(limits={name: {"number": 1} for name in ("creations", "updates", "deactivations")})
    world.lms.members = list(people(5))
    held = world.run()
    world.lms.members = list(people(8))
    approved = carry_out(world, Act.APPROVE, held.run)
    assert approved.state == Stage.DONE
    assert sum(not user.active for user in world.ottolearn.users.values()) == 2


def test_another_sync_under_way_is_told_and_nothing_is_done_twice(world: World, people: People) -> None:
    world.lms.members = list(people(3))
    with sync_lock(world.engine, "campus"):
        ended = carry_out(world, Act.SYNC)
    assert (ended.state, ended.detail) == (Stage.FAILED, "another sync of campus is under way")
    assert world.ottolearn.users == {}


@pytest.mark.parametrize(("name", "run"), [("nobody", 1), ("campus", 99), ("campus", None)])
def test_what_is_not_there_any_more_is_told(world: World, name: str, run: int | None) -> None:
    ended = carry_out(world, Act.APPROVE, run, name=name)
    assert ended.state == Stage.FAILED
    assert "no " in ended.detail


def test_a_mistake_of_the_bridge_ends_the_request_and_tells_no_secret(world: World, people: People) -> None:
    world.lms.members = list(people(1))
    world.lms.error = KeyError("s3cret")
    ended = carry_out(world, Act.SYNC)
    assert ended.state == Stage.FAILED
    assert "s3cret" not in ended.detail


def test_a_wrong_configuration_says_what_is_wrong(world: World) -> None:
    class Broken:
        def run(self, options: object) -> None:
            raise ConfigError(["roster.attributes: no username"])

    assert carry_out(world, Act.SYNC, sync=Broken()).detail == "roster.attributes: no username"  # type: ignore[arg-type]


def test_a_long_run_keeps_its_request(world: World) -> None:
    sync_requests.add(world.engine, "campus", Act.SYNC, None, asked_by="Ann", now=world.now())
    other = RequestedSyncs(world.engine, lambda name: found(name, world), lambda _: world.sync(), world.now)
    beaten = threading.Event()

    class Slow:
        def run(self, options: object) -> Outcome:
            world.time += LEASE + 1
            assert beaten.wait(60)
            assert not other.is_due()
            other.run()  # another process looks for requests of the dead
            return Outcome(0, "campus", Status.DONE)

    def now() -> float:
        return world.time

    def noticing(engine: Engine, number: int, at: float) -> None:
        keep(engine, number, at)
        if at == world.time > 1_000_000.0:
            beaten.set()

    keep = sync_requests.heartbeat
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sync_requests, "heartbeat", noticing)
        RequestedSyncs(world.engine, lambda name: found(name, world), lambda _: Slow(), now, beat=0.01).run()  # type: ignore[arg-type,return-value]
    ended = sync_requests.newest_of(world.engine, "campus")
    assert ended is not None
    assert ended.state == Stage.DONE


def test_a_dead_process_loses_its_request(world: World) -> None:
    sync_requests.add(world.engine, "campus", Act.SYNC, None, asked_by="Ann", now=world.now())
    assert sync_requests.claim(world.engine, world.now()) is not None
    other = RequestedSyncs(world.engine, lambda name: found(name, world), lambda _: world.sync(), world.now)
    world.time += LEASE
    assert not other.is_due()
    world.time += 1
    assert other.is_due()
    other.run()
    dead = sync_requests.newest_of(world.engine, "campus")
    assert dead is not None
    assert (dead.state, dead.detail) == (Stage.FAILED, DIED)


def test_nothing_waiting_does_nothing(world: World) -> None:
    idle = RequestedSyncs(world.engine, lambda name: found(name, world), lambda _: world.sync(), world.now)
    assert not idle.is_due()
    idle.run()
    assert sync_runs.newest(world.engine, 1) == []
    assert BEAT < LEASE / 2


def test_a_run_says_how_far_it_is_for_every_process_to_see(either_world: World, people: People) -> None:
    world = either_world
    seen: list[object] = []
    world.lms.members = list(people(6))
    world.change(writes_at_once=1)
    world.ottolearn.fail = lambda *_: seen.append(sync_progress.of_run(world.engine, 1))
    world.run()
    first = seen[0]
    assert isinstance(first, sync_progress.Progress)
    assert (first.stage, first.done, first.total) == ("reading", 6, None)
    last = sync_progress.of_run(world.engine, 1)
    assert last is not None
    assert (last.stage, last.total) == ("writing", 6)
    assert sync_progress.of_run(world.engine, 99) is None


def test_progress_is_noted_once_a_second_and_never_before_there_is_a_run(world: World) -> None:
    outcome = Outcome(0, "campus", Status.FAILED)
    context = with_progress_record(world.context(), outcome)
    context.progress("reading", 1, None)
    outcome.run = world.run().run
    at = world.now()
    for step in (0.0, 0.4, 0.4, 0.4):
        world.time += step
        context.progress("reading", round(world.time * 10), None)
    told = sync_progress.of_run(world.engine, outcome.run)
    assert told is not None
    assert told.seen_at == pytest.approx(at + 1.2)
