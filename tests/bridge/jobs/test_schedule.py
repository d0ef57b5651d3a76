"""What is due is found in its own time, and one failure never hides another job."""

from __future__ import annotations

import itertools
import threading
from collections import Counter

import pytest

from bridge.jobs import background
from bridge.jobs.job import Job, Kind
from bridge.jobs.schedule import Schedule
from tests.bridge.jobs.made import made


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def names(schedule: Schedule) -> list[str]:
    return [job.name for job in schedule.due()]


def test_each_job_is_looked_at_in_its_own_time() -> None:
    clock, asked = Clock(), []

    def is_due() -> bool:
        asked.append(clock.now)
        return True

    schedule = Schedule(lambda: [made(Kind.PURGE, "", is_due=is_due, every=100.0)], clock)
    for clock.now in range(300):
        list(schedule.due())
    assert len(asked) == 3
    assert asked[0] <= 10
    assert {later - one for one, later in itertools.pairwise(asked)} == {100}


def test_many_connections_are_not_looked_at_all_at_once() -> None:
    clock = Clock()
    jobs = [made(connection=f"school-{number}", every=600.0) for number in range(200)]
    schedule = Schedule(lambda: jobs, clock)
    found = []
    for clock.now in range(0, 61, 5):
        found.append(len(names(schedule)))
    assert sum(found) == 200
    assert max(found) < 50


def test_very_many_connections_keep_nobody_from_the_sign_of_life_and_none_of_them_waits_for_ever() -> None:
    clock, asked = Clock(), []

    def is_due(name: str) -> bool:
        asked.append(name)
        clock.now += 1.0  # what it takes to ask
        return True

    jobs = [made(connection=str(at), is_due=lambda at=at: is_due(str(at)), every=10.0) for at in range(40)]
    schedule = Schedule(lambda: jobs, clock, most=4.0)
    for _ in range(20):
        began = clock.now
        names(schedule)
        assert clock.now - began <= 5.0
        clock.now += 0.5
    assert set(asked) == {str(at) for at in range(40)}
    assert max(Counter(asked).values()) - min(Counter(asked).values()) <= 1


def test_a_connection_that_is_gone_is_forgotten_and_a_new_one_is_seen() -> None:
    clock, jobs = Clock(), [made(connection="old", every=10.0)]
    schedule = Schedule(lambda: jobs, clock)
    clock.now = 1.0
    names(schedule)
    jobs[:] = [made(connection="new", every=10.0)]
    names(schedule)
    clock.now = 3.0
    assert names(schedule) == ["sync new"]


def test_a_job_that_fails_or_cannot_be_asked_stops_no_other(caplog: pytest.LogCaptureFixture) -> None:
    ran: list[str] = []

    def broken() -> bool:
        raise RuntimeError("broken")

    jobs: list[Job] = [
        made(Kind.PROGRESS, "", is_due=broken, every=0.0),
        made(Kind.DIRECTORY, "", run=broken, every=0.0),
        made(Kind.PURGE, "", run=lambda: ran.append("purge"), every=0.0),
    ]
    background.run_due(Schedule(lambda: jobs, lambda: 0.0), threading.Event())
    assert ran == ["purge"]
    assert "directory failed" in caplog.text


def test_a_queue_does_not_wait_for_the_jobs_of_another() -> None:
    long, short = threading.Event(), threading.Event()
    jobs = [
        made(run=lambda: long.wait(60), every=0.0),
        made(Kind.PROGRESS, "", run=short.set, every=0.0),
    ]
    try:
        with background.running(lambda: jobs, every=0.01):
            assert short.wait(60)
            long.set()
    finally:
        long.set()


def test_jobs_that_cannot_be_listed_are_looked_for_again() -> None:
    asked, again = [], threading.Event()

    def jobs() -> list[Job]:
        asked.append(1)
        if len(asked) < 4:
            raise RuntimeError("the database is away")
        again.set()
        return []

    with background.running(jobs, every=0.01):
        assert again.wait(60)
