"""When a roster is due: by its `every`, at once after a crash, and not over and over after a failure."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel
from sqlalchemy import Engine

from bridge.contracts import Adapter, Connection
from bridge.errors import ConfigError
from bridge.jobs.rosters import AGAIN, Rosters
from bridge.roster.settings import Roster
from bridge.store import sync_people, sync_runs
from bridge.store.sync_lock import LockHeld, sync_lock
from bridge.store.sync_runs import Status
from bridge.store.sync_stops import ask_to_stop

HOUR = 3600.0


class Settings(BaseModel):
    roster: Roster = Roster(every="24h")


CAMPUS: Connection[Any] = Connection("campus", Adapter(name="any", title="Any", settings=Settings), Settings())


class World:
    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.now = 1_000_000.0
        self.failure: Exception | None = None
        self.tried = 0

    def sync_of(self, connection: Connection[Any]) -> Any:
        self.tried += 1
        assert self.failure is not None
        raise self.failure

    def rosters(self) -> Rosters:
        return Rosters(self.engine, self.sync_of, lambda: self.now)

    def ran(self, status: Status, reason: str = "", *, ended: bool = True) -> None:
        source = sync_people.source_id(self.engine, "campus")
        run = sync_runs.begin(self.engine, source, now=self.now, full=True, settings="")
        sync_runs.change(self.engine, run, status=status, reason=reason, ended_at=self.now if ended else None)

    def newest(self) -> sync_runs.Run:
        (run,) = sync_runs.newest(self.engine, 1)
        return run

    def due_after(self, seconds: float) -> bool:
        self.now += seconds
        return self.rosters().is_due(CAMPUS)


@pytest.fixture
def world(engine: Engine) -> World:
    return World(engine)


def test_the_first_one_is_due_at_once(world: World) -> None:
    assert world.due_after(0)


def test_a_good_run_waits_for_its_every(world: World) -> None:
    world.ran(Status.DONE)
    assert not world.due_after(24 * HOUR - 1)
    assert world.due_after(1)


@pytest.mark.parametrize(("reason", "ended"), [("", False), ("interrupted", True)])
def test_what_died_or_was_told_to_end_is_resumed_at_once(world: World, reason: str, ended: bool) -> None:
    world.ran(Status.PARTIAL if ended else Status.APPLYING, reason, ended=ended)
    assert world.due_after(1)


def test_what_failed_is_tried_again_but_not_all_the_time(world: World) -> None:
    world.ran(Status.FAILED, "source_unavailable")
    assert not world.due_after(AGAIN - 1)
    assert world.due_after(1)


def test_what_somebody_stopped_stays_stopped_until_it_is_due_again(world: World) -> None:
    world.ran(Status.PARTIAL, "stopped")
    assert not world.due_after(24 * HOUR - 1)
    assert world.due_after(1)


@pytest.mark.parametrize("status", [Status.READING, Status.APPLYING])
def test_a_run_that_died_before_it_could_stop_is_not_resumed_at_once(world: World, status: Status) -> None:
    world.ran(status, ended=False)
    assert ask_to_stop(world.engine, world.newest().id, world.now)
    rosters = world.rosters()
    assert rosters.is_due(CAMPUS)
    rosters.run(CAMPUS)
    assert world.tried == 0
    assert (world.newest().status, world.newest().reason) == (Status.PARTIAL, "stopped")
    assert world.newest().ended_at == world.now
    assert not world.due_after(24 * HOUR - 1)
    assert world.due_after(1)


def test_a_run_that_is_still_to_stop_is_left_to_its_process(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.ran(Status.APPLYING, ended=False)
    assert ask_to_stop(world.engine, world.newest().id, world.now)
    with sync_lock(world.engine, "campus"), caplog.at_level("INFO"):
        world.rosters().run(CAMPUS)
    assert world.newest().status == Status.APPLYING
    assert "another sync is under way" in caplog.text


@pytest.mark.parametrize(("status", "reason"), [(Status.DONE, ""), (Status.FAILED, "x"), (Status.PARTIAL, "stopped")])
def test_a_clock_that_is_set_back_stops_no_roster_until_it_has_caught_up(
    world: World, status: Status, reason: str
) -> None:
    world.now = 1e9
    world.ran(status, reason)
    rosters = world.rosters()
    assert not rosters.is_due(CAMPUS)
    world.now -= 365 * 24 * HOUR
    assert rosters.is_due(CAMPUS)


@pytest.mark.parametrize(
    ("failure", "said"),
    [(LockHeld("campus"), "another sync is under way"), (ConfigError(["no token"]), "cannot start: no token")],
)
def test_what_cannot_begin_is_said_in_one_line(
    world: World, caplog: pytest.LogCaptureFixture, failure: Exception, said: str
) -> None:
    world.failure = failure
    with caplog.at_level("INFO"):
        world.rosters().run(CAMPUS)
    assert said in caplog.text
    assert all(record.exc_info is None for record in caplog.records)


def test_a_mistake_of_the_configuration_is_not_tried_every_minute(world: World) -> None:
    rosters = world.rosters()
    world.failure = ConfigError(["no token"])
    rosters.run(CAMPUS)
    world.now += AGAIN - 1
    assert not rosters.is_due(CAMPUS)
    world.now += 1
    assert rosters.is_due(CAMPUS)
