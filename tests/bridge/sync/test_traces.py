"""A trace of a sync shows whether its time goes into reading, planning or writing."""

from __future__ import annotations

from pathlib import Path

from tests.bridge.sync.world import World, member
from tests.fakes.traces import kept_traces


def test_a_sync_shows_reading_planning_and_writing(world: World) -> None:
    world.lms.members = [member("S1"), member("S2")]
    with kept_traces() as kept:
        world.run()
    assert kept.tree() == {("sync", ""), ("sync read", "sync"), ("sync plan", "sync"), ("sync write", "sync")}
    assert dict(kept.named("sync").attributes) == {"connection": "campus"}
    assert "S1" not in kept.told()


def test_a_sync_that_only_plans_writes_nothing(world: World, tmp_path: Path) -> None:
    world.lms.members = [member("S1")]
    with kept_traces() as kept:
        run = world.plan().run
    assert ("sync write", "sync") not in kept.tree()
    with kept_traces() as kept:
        world.apply(run)
    assert kept.tree() == {("sync", ""), ("sync write", "sync")}
