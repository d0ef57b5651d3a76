"""How fresh a roster is said to be: by the clock of whoever sent it, and whatever launches do meanwhile."""

from __future__ import annotations

from bridge.sync.status import status_of_connection
from tests.bridge.sync.one_person import bring
from tests.bridge.sync.world import DAY, World, member


def test_lag_is_measured_by_the_source_s_clock(world: World) -> None:
    source_clock = world.time - 3_600
    world.lms.now = lambda: source_clock
    world.lms.members = [member("p1")]
    world.run()
    world.time -= DAY
    connection = world.sync()._target.connection
    connection.settings.model_fields_set = {"roster"}
    found = status_of_connection(world.engine, connection, world.time + 60)
    assert (found.people, found.lag_seconds, found.last_incremental) == (1, 3_660, None)
    assert found.next_due == world.time + DAY
    assert not found.next_is_whole
    bring(world, member("p2"))
    after = status_of_connection(world.engine, connection, world.time + 60)
    assert (after.people, after.looked_up, after.lag_seconds, after.last_status) == (2, 1, 3_660, "done")


def test_a_clock_that_is_set_back_puts_no_sync_off_until_it_has_caught_up(world: World) -> None:
    world.lms.members = [member("p1")]
    world.run()
    world.time -= DAY  # a run of this world ends a day later
    assert not world.sync().due()
    world.time -= 365 * DAY
    assert world.sync().due()
    connection = world.sync()._target.connection
    connection.settings.model_fields_set = {"roster"}
    assert status_of_connection(world.engine, connection, world.time).next_due == world.time
