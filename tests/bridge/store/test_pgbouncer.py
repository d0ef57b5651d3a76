"""Behind PgBouncer in transaction mode every statement may reach another session of PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine, text

from bridge.contracts import Learner
from bridge.store import directory_snapshots, identity_lookup, launches, one_time
from bridge.store.engine import autocommit, migrate, open_database, shared_connection
from bridge.store.launch_lines import LaunchLine
from bridge.store.sync_lock import LockHeld, LockLost, sync_lock

pytestmark = [pytest.mark.postgresql, pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)]
LINE = LaunchLine(1.0, "one", "lti13", "a1", "Ann", "Lee", "matched", "", "ABCD-EFGH")


@pytest.fixture
def pooled(pooled_url: str) -> Iterator[Engine]:
    engine = open_database(pooled_url)
    yield engine
    engine.dispose()


def test_launches_do_not_collide_behind_pgbouncer(pooled: Engine, in_threads: Callable) -> None:
    people = [Learner(number, True, {"username": f"a{number}"}) for number in range(1, 20)]
    directory_snapshots.replace(pooled, people, ["username"], now=1.0)

    def launch(number: int) -> int:
        for turn in range(12):  # psycopg prepares what has come five times
            with shared_connection(pooled):
                assert one_time.consume(pooled, f"{number} {turn}", 9e9)
                assert len(identity_lookup.candidates(pooled, f"a{number + 1}")) == 1
                launches.append(pooled, LINE)
        return 1

    assert sum(in_threads(8, launch)) == 8
    assert len(launches.newest(pooled, 1000)) == 96


def test_processes_that_start_together_behind_pgbouncer_migrate_once(pooled: Engine, in_threads: Callable) -> None:
    assert in_threads(4, lambda _: migrate(pooled)) == [None] * 4


def test_what_is_not_behind_pgbouncer_is_prepared(engine: Engine, pooled: Engine) -> None:
    assert _threshold(pooled) is None
    assert _threshold(engine) == 5


def test_preparing_can_be_forbidden_where_a_pooler_hides(database_url: str) -> None:
    engine = open_database(database_url, prepare=False)
    assert _threshold(engine) is None
    engine.dispose()


def test_a_sync_behind_pgbouncer_has_its_connection_to_itself(pooled: Engine, pooled_url: str, engine: Engine) -> None:
    other = open_database(pooled_url)
    with sync_lock(pooled, "one") as require, sync_lock(pooled, "two"):
        for _ in range(20):  # others come between, over the same few sessions
            with autocommit(other) as connection:
                connection.execute(text("SELECT 1"))
            require()
        for somebody in (pooled, other, engine):  # beside the pooler, too
            with pytest.raises(LockHeld), sync_lock(somebody, "one"):
                pass
    with sync_lock(other, "one"):
        pass
    other.dispose()


def test_a_sync_behind_pgbouncer_stops_when_its_lock_is_gone(pooled: Engine, engine: Engine) -> None:
    with sync_lock(pooled, "one") as require:
        with autocommit(engine) as connection:
            connection.execute(text("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"))
        with pytest.raises(LockLost):
            require()


def test_a_sync_that_waits_long_behind_pgbouncer_holds_up_no_vacuum(pooled: Engine, engine: Engine) -> None:
    with sync_lock(pooled, "one") as require:
        require()
        with autocommit(engine) as connection:
            held = "SELECT backend_xid, backend_xmin FROM pg_stat_activity WHERE state = 'idle in transaction'"
            assert connection.execute(text(held)).all() == [(None, None)]


def _threshold(engine: Engine) -> int | None:
    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        threshold: int | None = driver.prepare_threshold
        return threshold
