"""PostgreSQL lets go of a run's lock when it ends the session: the run must not go on beside another one."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine, event, text

from bridge.errors import RemoteUnavailable
from bridge.store import sync_runs
from bridge.store.engine import autocommit
from bridge.store.sync_lock import LockHeld, LockLost, sync_lock
from tests.bridge.sync.world import World

PEOPLE = 60

pytestmark = pytest.mark.parametrize(
    "database_url", [pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True
)


def end_sessions(engine: Engine, *, all_of_them: bool = False) -> None:
    """End the sessions that hold the lock of a run, or every session but this one.

    The advisory locks of single transactions are not meant: of two numbers, or of one that begins with "otto".
    """
    of_runs = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 AND classid <> 1869902959"
    which = "true" if all_of_them else f"pid IN ({of_runs})"
    ended = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database()"
    with autocommit(engine) as connection:
        assert connection.execute(text(f"{ended} AND pid <> pg_backend_pid() AND {which}")).scalar_one()


def test_a_lock_that_is_gone_is_missed_and_leaving_it_is_no_error(engine: Engine) -> None:
    with sync_lock(engine, "one") as require, sync_lock(engine, "two") as other:
        require()
        other()
        end_sessions(engine)
        for _ in range(2):
            with pytest.raises(LockLost, match="kept one to this sync"):
                require()
        with sync_lock(engine, "one") as again:
            again()
            with pytest.raises(LockLost):
                require()
            with pytest.raises(LockHeld), sync_lock(engine, "one"):
                pass


def test_a_session_that_lives_and_has_lost_its_lock_is_noticed_too(engine: Engine) -> None:
    """As behind a connection pooler, which resets sessions or hands another one over."""

    def reset(connection, cursor, statement, *_) -> None:
        if "pg_locks" in statement:
            cursor.execute("SELECT pg_advisory_unlock_all(), pg_advisory_lock(7)")

    with sync_lock(engine, "one") as require:
        event.listen(engine, "before_cursor_execute", reset)
        with pytest.raises(LockLost):
            require()
        event.remove(engine, "before_cursor_execute", reset)
        with sync_lock(engine, "one") as other:
            other()
            with pytest.raises(LockLost):
                require()


def test_a_run_that_loses_its_lock_while_it_reads_writes_nothing(either_world, people) -> None:
    either_world.lms.members = people(PEOPLE)
    either_world.lms.while_reading = lambda: end_sessions(either_world.engine)
    lost = either_world.run()
    assert (lost.status, lost.reason, lost.exit_code, lost.created) == ("failed", "lock_lost", 1, 0)
    assert "the next one resumes here" in lost.notices[0]
    assert either_world.ottolearn.writes == []
    assert sync_runs.find(either_world.engine, lost.run).reason == "lock_lost"
    either_world.lms.while_reading = lambda: None
    assert either_world.run().created == PEOPLE


class Losing(World):
    """A world that loses the lock when it is asked for the third time whether to stop; a second passes each time."""

    asked = 0

    @property
    def stop(self) -> bool:
        self.asked += 1
        self.time += 1
        if self.asked == 3:
            end_sessions(self.engine)
        return False

    @stop.setter
    def stop(self, wanted: bool) -> None:
        del wanted


def test_reading_stops_soon_after_the_lock_is_lost(engine: Engine, tmp_path: Path, people) -> None:
    world = Losing(engine, tmp_path)
    world.lms.members, world.lms.page = people(6_000), 1_000
    lost = world.run()
    assert (lost.reason, 0 < lost.read < 6_000, world.asked) == ("lock_lost", True, 3)
    assert world.items(lost.run) == []


def test_a_run_that_loses_its_lock_while_it_writes_records_what_is_under_way_and_no_more(either_world, people) -> None:
    either_world.lms.members = people(PEOPLE)
    either_world.change(writes_at_once=4)

    def lose_it(deed, attributes) -> None:
        if len(either_world.ottolearn.users) == 10:
            end_sessions(either_world.engine)

    either_world.ottolearn.fail = lose_it
    lost = either_world.run()
    assert (lost.reason, lost.exit_code) == ("lock_lost", 1)
    assert 10 < lost.created == len(either_world.ottolearn.users) < PEOPLE
    either_world.ottolearn.fail = lambda deed, attributes: None
    rest = either_world.run()
    assert (rest.status, rest.created) == ("done", PEOPLE - lost.created)
    assert len(either_world.ottolearn.writes) == PEOPLE


def test_a_run_that_lost_its_lock_to_another_does_nothing_twice(either_world, people) -> None:
    either_world.lms.members = people(PEOPLE)

    def let_another_begin() -> None:
        either_world.lms.while_reading = lambda: None
        end_sessions(either_world.engine)
        assert either_world.run().created == PEOPLE

    either_world.lms.while_reading = let_another_begin
    assert either_world.run().reason == "lock_lost"
    assert len(either_world.ottolearn.writes) == len(either_world.ottolearn.users) == PEOPLE
    assert [run.reason for run in sync_runs.newest(either_world.engine, 2)] == ["", "lock_lost"]


def test_a_saved_plan_whose_application_lost_its_lock_is_finished_by_the_same_command(either_world, people) -> None:
    either_world.lms.members = people(PEOPLE)
    planned = either_world.plan()

    def lose_it(deed, attributes) -> None:
        if len(either_world.ottolearn.users) == 10:
            end_sessions(either_world.engine)

    either_world.ottolearn.fail = lose_it
    assert either_world.apply(planned.run).reason == "lock_lost"
    either_world.ottolearn.fail = lambda deed, attributes: None
    assert either_world.apply(planned.run).status == "done"
    assert len(either_world.ottolearn.writes) == PEOPLE


def test_a_database_that_restarts_while_the_source_is_read_is_a_lost_lock_and_nothing_worse(
    either_world, people
) -> None:
    either_world.lms.members = people(PEOPLE)
    either_world.lms.while_reading = lambda: end_sessions(either_world.engine, all_of_them=True)
    lost = either_world.run()
    assert (lost.reason, lost.exit_code, either_world.ottolearn.writes) == ("lock_lost", 1, [])
    either_world.lms.while_reading = lambda: None
    assert either_world.run().created == PEOPLE


def test_a_database_that_restarts_under_a_statement_ends_the_run_with_an_error_that_says_so(
    either_world, people
) -> None:
    either_world.lms.members = people(PEOPLE)

    def restart(connection, cursor, statement, *_) -> None:
        if statement.startswith("INSERT INTO sync_item"):
            event.remove(either_world.engine, "before_cursor_execute", restart)
            end_sessions(either_world.engine, all_of_them=True)

    event.listen(either_world.engine, "before_cursor_execute", restart)
    with pytest.raises(RemoteUnavailable, match="lost the database connection"):
        either_world.run()
    assert either_world.run().created == PEOPLE
