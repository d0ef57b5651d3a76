"""OttoLearn's list is read by one process at a time, and for unknown IDs the more rarely the longer it takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Event

import pytest
from sqlalchemy import Engine

from bridge.contracts import Learner
from bridge.errors import LearnerNotFound, RemoteUnavailable
from bridge.learners import refresh_lease as lease_module
from bridge.learners.directory import SHARE, Directory
from bridge.learners.refresh_lease import LEASE, Lease, refresh_lease

ANA = Learner(1, True, {"username": "Ana"})


class Clock:
    time = 1000.0

    def __call__(self) -> float:
        return self.time


class OttoLearn:
    """A list that takes its time."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.seconds = 0.0
        self.reads = 0
        self.fails = False
        self.meanwhile: Callable[[], object] = lambda: None

    def read(self) -> Iterator[Learner]:
        self.reads += 1
        yield ANA
        self.meanwhile()
        self.clock.time += self.seconds
        if self.fails:
            raise RemoteUnavailable("down")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ottolearn(clock: Clock) -> OttoLearn:
    return OttoLearn(clock)


def process(engine: Engine, ottolearn: OttoLearn) -> Directory:
    return Directory(engine, ("username",), ottolearn.read, ottolearn.clock, every=30, max_wait=60)


def test_while_one_process_reads_no_other_does(engine: Engine, ottolearn: OttoLearn) -> None:
    def another() -> None:
        ottolearn.meanwhile = lambda: None
        with pytest.raises(RemoteUnavailable, match="another process"):
            process(engine, ottolearn).refresh()

    ottolearn.meanwhile = another
    process(engine, ottolearn).refresh()
    assert ottolearn.reads == 1
    process(engine, ottolearn).refresh()
    assert ottolearn.reads == 2


def test_a_reader_that_failed_keeps_nobody_from_reading(engine: Engine, ottolearn: OttoLearn) -> None:
    ottolearn.fails = True
    with pytest.raises(RemoteUnavailable, match="down"):
        process(engine, ottolearn).refresh()
    ottolearn.fails = False
    assert process(engine, ottolearn).refresh().learners == 1


def test_a_reader_that_was_killed_keeps_nobody_from_reading_for_long(engine: Engine, ottolearn: OttoLearn) -> None:
    assert Lease(engine, ottolearn.clock).acquire()
    with pytest.raises(RemoteUnavailable):
        process(engine, ottolearn).refresh()
    ottolearn.clock.time += LEASE
    assert process(engine, ottolearn).refresh().learners == 1


def test_a_reader_that_lives_is_not_taken_for_dead(engine: Engine, clock: Clock) -> None:
    lease, other = Lease(engine, clock), Lease(engine, clock)
    assert lease.acquire()
    for _ in range(5):
        clock.time += LEASE - 1
        lease.renew()
        assert not other.acquire()


def test_a_reader_that_was_taken_for_dead_does_not_end_its_followers_lease(engine: Engine, clock: Clock) -> None:
    late = Lease(engine, clock)
    late.acquire()
    clock.time += LEASE
    assert Lease(engine, clock).acquire()
    late.renew()
    late.release()
    assert not Lease(engine, clock).acquire()


def test_the_lease_is_renewed_while_the_list_is_read(
    engine: Engine, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    renewed, prolong = Event(), Lease.renew

    def watched(lease: Lease) -> None:
        clock.time += LEASE - 1
        prolong(lease)
        renewed.set()

    monkeypatch.setattr(lease_module, "RENEWED_EVERY", 0.001)
    monkeypatch.setattr(Lease, "renew", watched)
    with refresh_lease(engine, clock):
        assert renewed.wait(60)
        assert not Lease(engine, clock).acquire()
    assert Lease(engine, clock).acquire()


def test_unknown_ids_start_readings_the_more_rarely_the_longer_one_takes(engine: Engine, ottolearn: OttoLearn) -> None:
    ottolearn.seconds = 60.0
    directory = process(engine, ottolearn)
    directory.refresh()
    ottolearn.clock.time += 1000
    began = ottolearn.clock.time
    for _ in range(100):
        with pytest.raises(LearnerNotFound):
            directory.find("nobody")
        ottolearn.clock.time += 25
    consumed = (ottolearn.reads - 1) * ottolearn.seconds
    assert 0 < consumed <= (ottolearn.clock.time - began) / SHARE + ottolearn.seconds


def test_a_short_list_is_read_again_as_soon_as_before(engine: Engine, ottolearn: OttoLearn) -> None:
    ottolearn.seconds = 2.0
    directory = process(engine, ottolearn)
    for _ in range(4):
        with pytest.raises(LearnerNotFound):
            directory.find("nobody")
        ottolearn.clock.time += 28
    assert ottolearn.reads == 4


def test_a_failed_reading_is_tried_again_soon_however_long_one_takes(engine: Engine, ottolearn: OttoLearn) -> None:
    ottolearn.seconds = 60.0
    directory = process(engine, ottolearn)
    directory.refresh()
    ottolearn.clock.time += 1000
    ottolearn.fails = True
    with pytest.raises(RemoteUnavailable):
        directory.find("nobody")
    ottolearn.fails = False
    ottolearn.clock.time += 30
    with pytest.raises(LearnerNotFound):
        directory.find("nobody")
