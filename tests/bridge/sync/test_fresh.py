"""One process reads OttoLearn's list at a time; a sync waits for its turn."""

from __future__ import annotations

import pytest

from bridge.learners.refresh_lease import LEASE, Lease, RefreshInProgress
from bridge.sync.context import PATIENCE
from bridge.sync.run import Options


def test_a_sync_that_meets_another_reading_waits_for_it(world, people) -> None:
    lease = Lease(world.engine, world.now)
    assert lease.acquire()
    world.lms.members = people(2)
    began = world.time
    assert world.run().created == 2
    assert world.time - began >= LEASE


def test_a_reading_that_does_not_end_does_not_hold_a_sync_for_ever(world, people, monkeypatch) -> None:
    def busy(**_: object) -> None:
        raise RefreshInProgress("another process is reading")

    monkeypatch.setattr(world.learners, "refresh", busy)
    world.lms.members = people(2)
    began = world.time
    assert world.sync().run(Options()).reason == "unavailable"
    assert world.time - began == pytest.approx(PATIENCE, abs=2)


def test_whoever_stops_a_sync_that_waits_is_not_kept_waiting(world, monkeypatch) -> None:
    def busy(**_: object) -> None:
        world.stop = True
        raise RefreshInProgress("another process is reading")

    monkeypatch.setattr(world.learners, "refresh", busy)
    began = world.time
    with pytest.raises(RefreshInProgress):
        world.context().refresh()
    assert world.time == began
