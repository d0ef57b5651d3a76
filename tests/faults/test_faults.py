"""What befalls the systems around a running bridge, and what its learners notice."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.store.engine import open_database
from tests.faults.accounts import check_accounts
from tests.faults.launching import AGAIN, AT_ONCE, MATCHED, REFUSED, Crowd
from tests.faults.postgresql import Cluster, cluster
from tests.faults.standing import PATIENCE, Standing, limit_files, standing, wait_for


@pytest.fixture(scope="module")
def server() -> Iterator[Cluster]:
    with cluster() as found:
        yield found


@pytest.fixture
def on_postgresql(tmp_path: Path, server: Cluster) -> Iterator[Standing]:
    with standing(tmp_path, server.url) as world:
        yield world
    engine = open_database(server.url)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
    engine.dispose()


def ready(world: Standing) -> Crowd:
    """People in front of the bridge, which is started and ready."""
    world.start()
    crowd = Crowd(world)
    wait_for(lambda: len(world.workers()) == 2, "both workers")
    wait_for(crowd.ready, "the bridge is ready")
    return crowd


def lets_in(crowd: Crowd) -> None:
    """Wait until the bridge lets people in, by every worker."""
    wait_for(lambda: all(crowd.launch().what == MATCHED for _ in range(6)), "learners get in again")


@pytest.mark.postgresql
@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_database_that_is_restarted_costs_some_a_second_try_and_no_more(
    on_postgresql: Standing, server: Cluster, mode: str
) -> None:
    crowd = ready(on_postgresql)
    with crowd.launching(0.05, AT_ONCE):
        wait_for(lambda: len(crowd.ended) > 5, "launches are under way")
        server.stop(mode)
        server.start()
        lets_in(crowd)
    check_accounts(on_postgresql, crowd)


@pytest.mark.postgresql
def test_while_the_database_is_away_everybody_reads_a_page_and_dead_workers_come_back(
    on_postgresql: Standing, server: Cluster
) -> None:
    crowd = ready(on_postgresql)
    crowd.warm()
    server.stop()
    try:
        assert [crowd.launch().what for _ in range(6)] == [AGAIN] * 6
        wait_for(lambda: not crowd.ready(), "the bridge says that it is not ready")
    finally:
        server.start()
    wait_for(crowd.ready, "the bridge is ready again")
    lets_in(crowd)
    check_accounts(on_postgresql, crowd)
    assert len(max(on_postgresql.told, key=len)) < 1000  # no line tells a whole stack


@pytest.mark.postgresql
def test_while_the_database_says_nothing_nobody_waits_for_ever(on_postgresql: Standing, server: Cluster) -> None:
    crowd = ready(on_postgresql)
    before = crowd.warm()
    with server.frozen(), crowd.launching(0.05, AT_ONCE):
        wait_for(lambda: len(crowd.ended) > before + 20, "launches end")
    assert {ended.what for ended in crowd.ended[before : before + 20]} == {AGAIN}
    wait_for(crowd.ready, "the bridge is ready again")
    lets_in(crowd)
    check_accounts(on_postgresql, crowd)


@pytest.mark.postgresql
def test_a_worker_that_dies_while_the_database_is_away_ends_nothing(on_postgresql: Standing, server: Cluster) -> None:
    crowd = ready(on_postgresql)
    server.stop()
    try:
        for worker in on_postgresql.workers():
            os.kill(worker, signal.SIGKILL)
            wait_for(lambda dead=worker: dead not in on_postgresql.workers(), "it is dead")
            wait_for(lambda: len(on_postgresql.workers()) == 2, "another has taken its place")
        assert crowd.launch().what == AGAIN
    finally:
        server.start()
    wait_for(crowd.ready, "the bridge is ready again")
    lets_in(crowd)
    check_accounts(on_postgresql, crowd)


@pytest.mark.postgresql
def test_a_bridge_starts_without_its_database_and_serves_once_it_is_there(
    on_postgresql: Standing, server: Cluster
) -> None:
    crowd = Crowd(on_postgresql)
    server.stop()
    try:
        on_postgresql.start()
        wait_for(lambda: crowd.launch().what == AGAIN, "the bridge answers")
    finally:
        server.start()
    wait_for(crowd.ready, "the bridge is ready")
    lets_in(crowd)
    crowd.ended[:] = [ended for ended in crowd.ended if ended.what != REFUSED]
    check_accounts(on_postgresql, crowd)


def test_while_the_disk_takes_nothing_everybody_reads_a_page(world: Standing) -> None:
    crowd = ready(world)
    limit_files(world, 1)
    assert [crowd.launch().what for _ in range(6)] == [AGAIN] * 6
    wait_for(lambda: not crowd.ready(), "the bridge says that it is not ready")
    limit_files(world)
    wait_for(crowd.ready, "the bridge is ready again")
    lets_in(crowd)
    check_accounts(world, crowd)


def test_a_worker_starts_on_a_disk_that_takes_nothing(world: Standing) -> None:
    crowd = ready(world)
    limit_files(world, 1)
    for worker in world.workers():
        os.kill(worker, signal.SIGKILL)
        wait_for(lambda dead=worker: dead not in world.workers(), "it is dead")
        wait_for(lambda: len(world.workers()) == 2, "another has taken its place")
    assert [crowd.launch().what for _ in range(4)] == [AGAIN] * 4
    limit_files(world)
    wait_for(crowd.ready, "the bridge is ready again")
    lets_in(crowd)


def long_ago(world: Standing) -> None:
    """OttoLearn's list was last asked for long ago, so that it is asked again for somebody unknown."""
    engine = open_database(world.database_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE directory SET attempted_at = 0")
    engine.dispose()


def test_while_ottolearn_hangs_those_who_are_known_get_in(world: Standing) -> None:
    crowd = ready(world)
    crowd.warm()
    with world.ottolearn.hanging():
        assert [crowd.launch().what for _ in range(4)] == [MATCHED] * 4
        long_ago(world)
        nobody = crowd.launch(9_999_999)
        assert nobody.what == AGAIN
        assert nobody.seconds < PATIENCE
    check_accounts(world, crowd)


def test_a_bridge_starts_while_ottolearn_hangs(world: Standing) -> None:
    crowd = Crowd(world)
    with world.ottolearn.hanging():
        world.start()
        wait_for(lambda: crowd.launch().what == AGAIN, "the bridge answers")
        assert not crowd.ready()


def test_while_the_lms_keys_hang_those_that_are_known_open_even_after_a_restart(world: Standing) -> None:
    crowd = ready(world)
    crowd.warm()
    with world.campus.hanging():
        before = set(world.workers())
        world.send(signal.SIGHUP)
        wait_for(lambda: len(world.workers()) == 2 and not set(world.workers()) & before, "new workers")
        assert {crowd.launch().what for _ in range(6)} == {MATCHED}
    check_accounts(world, crowd)


def test_where_no_key_was_ever_read_the_learner_is_told_to_try_again(world: Standing) -> None:
    with world.campus.hanging():
        crowd = ready(world)
        assert {crowd.launch().what for _ in range(4)} == {MATCHED, AGAIN}  # LTI 1.1 needs no keys
    lets_in(crowd)
    check_accounts(world, crowd)


def test_a_worker_that_dies_takes_nobody_with_it(world: Standing) -> None:
    crowd = ready(world)
    crowd.warm()
    for worker in world.workers():
        os.kill(worker, signal.SIGKILL)
        wait_for(lambda dead=worker: dead not in world.workers(), "it is dead")
        assert crowd.launch().what == MATCHED
        wait_for(lambda: len(world.workers()) == 2, "another has taken its place")
    lets_in(crowd)
    assert crowd.ready()
    check_accounts(world, crowd)
