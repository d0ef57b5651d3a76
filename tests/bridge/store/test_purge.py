"""What has been kept long enough is forgotten: by one process, and without holding launches up."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, event, text

from bridge.config.retention import DAY, Retention
from bridge.contracts import Learner
from bridge.jobs.purge import EVERY, purge
from bridge.learners.directory import Directory
from bridge.store import launches, one_time, people, purging, received, sync_people, sync_runs, visits
from bridge.store.engine import autocommit
from bridge.store.launch_lines import LaunchLine
from bridge.store.people import Person, Source
from bridge.store.sync_people import Membership, SnapshotRow
from bridge.store.visits import Visit

LINE = LaunchLine(0.0, "campus", "lti13", "a1", "Zoë", "王", "matched", "", "ABCD-EFGH")


def test_each_retention_time_is_kept_to(engine: Engine) -> None:
    for day in range(10):
        launches.append(engine, LINE._replace(time=day * DAY, reference=str(day)))
        received.keep(engine, str(day), {"day": day}, now=day * DAY)
        visits.add(engine, Visit(0, day * DAY, "campus", "lti13", "a1", 1, "", ""), due_at=9e15)
    assert purge(engine, 10 * DAY, Retention(launches=8, refused=3, progress=5))
    assert [int(line.reference) for line in launches.newest(engine, 20)] == [9, 8, 7, 6, 5, 4, 3, 2]
    assert [day for day in range(10) if received.find(engine, str(day)) is not None] == [7, 8, 9]
    assert visits.idle(engine, kinds=["lti13"], before=5 * DAY, most=9) == []
    assert len(visits.idle(engine, kinds=["lti13"], before=6 * DAY, most=9)) == 1


def test_of_many_processes_one_purges_in_each_half_hour(engine: Engine, in_threads) -> None:
    done = in_threads(4, lambda _: purge(engine, 1000.0, Retention()))
    assert sum(done) == 1
    assert purge(engine, 1000.0 + EVERY, Retention())


@pytest.mark.parametrize("count", [0, 6, 7])
def test_old_rows_go_a_few_at_a_time(engine: Engine, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr(purging, "BATCH", 3)
    forget = purging.Purge(launches.launch, launches.launch.c.time < 5.0)
    for number in range(count):
        launches.append(engine, LINE._replace(time=float(number % 5)))
    launches.append(engine, LINE._replace(time=9.0))
    deleted: list[int] = []
    event.listen(engine, "after_cursor_execute", lambda *said: deleted.append(said[1].rowcount))
    assert forget.run(engine, {}) == count
    assert max(deleted) <= 3
    assert [line.time for line in launches.newest(engine, 99)] == [9.0]


def test_spent_values_and_kept_ones_end_in_time(engine: Engine) -> None:
    one_time.keep(engine, "token", "early", {}, until=10.0)
    one_time.keep(engine, "token", "late", {}, until=30.0)
    one_time.consume(engine, "nonce", 10.0)
    assert one_time.purge(engine, now=20.0) == 2
    assert one_time.look(engine, "token", "late", now=20.0) == {}


def test_plans_of_old_runs_are_forgotten_but_not_of_a_run_under_way(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purging, "BATCH", 2)
    with engine.begin() as database:
        database.execute(text("INSERT INTO sync_source (id, connection) VALUES (1, 'campus')"))
        for run, began, status in ((1, 1, "done"), (2, 1, "applying"), (3, 9, "done")):
            columns = 'id, source, started_at, status, reason, "full", settings, plan, summary'
            values = f"{run}, 1, {began}, '{status}', '', true, '', '', '{{}}'"
            database.exec_driver_sql(f"INSERT INTO sync_run ({columns}) VALUES ({values})")
            for number in range(3):
                columns = "run, number, kind, state, reason, key, student_id, digest, content"
                item = text(f"INSERT INTO sync_item ({columns}) VALUES ({run}, {number}, '', '', '', '', '', :d, '')")
                database.execute(item, {"d": b""})
    assert sync_runs.forget_items_before(engine, 5.0) == 3
    with autocommit(engine) as database:
        assert set(database.execute(text("SELECT run FROM sync_item")).scalars()) == {2, 3}


def test_who_left_long_ago_is_forgotten_and_whoever_may_still_enter_is_not(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people, "BATCH", 1)
    users = {1: True, 2: False, 4: False, 5: False}
    learned = [Learner(number, active, {"username": f"u{number}"}) for number, active in users.items()]
    for number in range(1, 6):
        last_seen = 0.0 if number < 5 else 5 * DAY
        keep(engine, Person("campus", "roster", f"r{number}", f"u{number}", number, "roster", 0.0, 0.0, last_seen))
    source = sync_people.source_id(engine, "campus")
    with engine.begin() as connection:
        sync_people.upsert(connection, source, [SnapshotRow("u4", 4, b"", Membership.PRESENT, {})])
    forget = lambda: purge(engine, 10 * DAY, Retention(people=8))  # noqa: E731
    assert forget()
    assert known(engine) == {1, 2, 3, 4, 5}, "OttoLearn's users were never read: nobody knows who is active"
    Directory(engine, ("username",), lambda: learned, lambda: 0.0).refresh()
    assert purge(engine, 11 * DAY, Retention(people=8))
    assert known(engine) == {1, 4, 5}
    with engine.begin() as connection:
        sync_people.set_membership(connection, source, ["u4"], Membership.DEACTIVATED)
        people.mark_left(connection, Source("campus", "roster"), [4], 11 * DAY)
    for day, left in ((18, {1, 4}), (20, {1})):
        assert purge(engine, day * DAY, Retention(people=8))
        assert known(engine) == left


def keep(engine: Engine, person: Person) -> None:
    with engine.begin() as connection:
        people.upsert(connection, [person])


def known(engine: Engine) -> set[int | None]:
    with engine.connect() as connection:
        return {one.user_id for one in people.by_users(connection, "campus", "roster", [1, 2, 3, 4, 5])}
