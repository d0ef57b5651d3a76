"""The figures that alerts are made of, on both databases."""

from __future__ import annotations

from sqlalchemy import Engine, insert

from bridge.contracts import Student
from bridge.store import gauges, sync_people, sync_runs, unmatched, visits
from bridge.store.sync_runs import Status
from bridge.store.sync_schema import disputed, sync_item
from bridge.store.visits import NEVER, Visit


def add_run(engine: Engine, name: str, status: Status, ended_at: float, since: float | None = None) -> int:
    source = sync_people.source_id(engine, name)
    run = sync_runs.begin(engine, source, now=ended_at - 1, full=True, settings="")
    sync_runs.change(engine, run, status=status, ended_at=ended_at, since=since)
    return run


def add_items(engine: Engine, run: int, state: str, *keys: str) -> None:
    rows = [
        {"run": run, "number": number, "kind": "deactivate", "state": state, "reason": "", "key": key}
        | {"student_id": key, "user_id": None, "digest": b"", "content": "{}"}
        for number, key in enumerate(keys, 1 + 100 * (state == "held"))
    ]
    with engine.begin() as connection:
        connection.execute(insert(sync_item), rows)


def test_nothing_is_figured_out_of_an_empty_database(engine: Engine) -> None:
    found = gauges.read(engine)
    assert found.directory.refreshed_at is None
    assert (found.synced, found.held, found.unmatched, found.waiting, found.waiting_since) == ({}, {}, {}, 0, None)


def test_a_sync_that_failed_or_was_only_planned_is_no_good_one(engine: Engine) -> None:
    add_run(engine, "campus", Status.DONE, 100.0)
    add_run(engine, "campus", Status.PARTIAL, 200.0)
    for later, status in enumerate((Status.FAILED, Status.PLANNED, Status.HELD_BACK, Status.READING)):
        add_run(engine, "campus", status, 300.0 + later)
    add_run(engine, "branch", Status.FAILED, 300.0)
    assert gauges.read(engine).synced == {"campus": 200.0}


def test_people_who_wait_are_counted_once_and_until_the_next_full_run(engine: Engine) -> None:
    add_items(engine, add_run(engine, "campus", Status.HELD_BACK, 100.0), "held", "old")
    whole = add_run(engine, "campus", Status.HELD_BACK, 200.0)
    add_items(engine, whole, "held", "a", "b")
    add_items(engine, whole, "quarantined", "c")
    add_items(engine, add_run(engine, "campus", Status.PARTIAL, 300.0, since=200.0), "held", "b", "d")
    add_items(engine, add_run(engine, "campus", Status.PLANNED, 400.0), "held", "only planned")
    add_items(engine, add_run(engine, "branch", Status.PARTIAL, 100.0), "quarantined", "e")
    found = gauges.read(engine)
    assert found.held == {"campus": 3}
    assert found.quarantined == {"campus": 1, "branch": 1}


def test_ids_in_dispute_are_counted_by_connection(engine: Engine) -> None:
    run = add_run(engine, "campus", Status.DONE, 100.0)
    with engine.begin() as connection:
        rows = [{"connection": "campus", "key": key, "reason": "duplicate", "run": run} for key in ("a", "b")]
        connection.execute(insert(disputed), rows)
    assert gauges.read(engine).disputed == {"campus": 2}


def test_unmatched_students_are_counted_by_connection(engine: Engine) -> None:
    for student_id in ("1", "2", "2"):
        unmatched.note(engine, "campus", Student(student_id, "", ""), "no_match", now=1.0)
    unmatched.note(engine, "branch", Student("1", "", ""), "no_match", now=1.0)
    assert gauges.read(engine).unmatched == {"campus": 2, "branch": 1}


def test_progress_that_waits_for_the_lms_is_counted_and_that_which_a_page_fetches_is_not(engine: Engine) -> None:
    for due_at, now in ((10.0, 7.0), (10.0, 5.0), (NEVER, 1.0)):
        number = visits.add(engine, Visit(0, now, "any-lms", "aicc", f"A{now}", int(now), "", "sealed"), due_at=due_at)
        visits.report(engine, number, progress=0.4, mastered=False, seconds=60, now=now, due_at=due_at)
    found = gauges.read(engine)
    assert (found.waiting, found.waiting_since) == (2, 5.0)


def test_an_incremental_run_or_one_for_one_person_does_not_hide_whom_the_full_run_left(engine: Engine) -> None:
    add_items(engine, add_run(engine, "campus", Status.HELD_BACK, 100.0), "held", "a")
    for later in range(5):
        add_run(engine, "campus", Status.DONE, 200.0 + later, since=100.0)
    found = gauges.read(engine)
    assert (found.held, found.synced) == ({"campus": 1}, {"campus": 204.0})
