"""A bridge that counts on workers says when nobody works, and what is not done."""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import Engine

from bridge.admin.overview import look
from bridge.cli.worker import _beat, _leave
from bridge.doctor.checks import Doctor, Finding
from bridge.jobs.job import Queue
from bridge.store import workers
from bridge.store.workers import ALIVE, UNDONE, Worker, count_by_queue, unserved_work

NOW = 1_000_000.0


def worker(number: int, *queues: Queue, age: float = 0.0) -> Worker:
    return Worker(f"w{number}", f"machine-{number}", tuple(queues or Queue), NOW - age)


def needs(engine: Engine, needs_workers: bool = True) -> dict[str, str]:
    found = look(engine, NOW, refresh_every=1e9, needs_workers=needs_workers)
    return {need.title: need.why for need in found.needs if need.what == "workers"}


def findings(engine: Engine) -> list[Finding]:
    nothing = cast("Any", None)
    doctor = Doctor(nothing, "", nothing, nothing, nothing, lambda: NOW, lambda _: None)
    return list(Doctor(**{**vars(doctor), "workers": lambda: workers.read_all(engine)}).examine_workers())


def test_where_no_worker_lives_doctor_and_overview_say_what_is_not_done(engine: Engine) -> None:
    workers.beat(engine, worker(1, age=ALIVE))
    (why,) = [needs(engine)["No worker is running"]]
    assert "no roster is synced" in why.lower()
    (finding,) = findings(engine)
    assert finding.state == "failed"
    assert all(words in finding.detail for words in UNDONE.values())


def test_a_queue_that_nobody_takes_is_told_though_other_workers_live(engine: Engine) -> None:
    workers.beat(engine, worker(1, Queue.SYNC))
    workers.beat(engine, worker(2, Queue.DIRECTORY, Queue.UPKEEP, age=ALIVE))
    assert list(needs(engine)) == ["A queue has no worker"]
    (finding,) = findings(engine)
    assert UNDONE[Queue.SYNC] not in finding.detail
    assert UNDONE[Queue.UPKEEP] in finding.detail


def test_workers_that_take_everything_together_are_enough(engine: Engine) -> None:
    workers.beat(engine, worker(1, Queue.SYNC, age=ALIVE / 2))
    workers.beat(engine, worker(2, Queue.DIRECTORY, Queue.UPKEEP))
    assert needs(engine) == {}
    assert [(found.state, found.detail) for found in findings(engine)] == [("ok", "2 on machine-1, machine-2")]
    assert count_by_queue(workers.read_all(engine), NOW) == dict.fromkeys(Queue, 1)


def test_a_bridge_that_counts_on_no_worker_misses_none(engine: Engine) -> None:
    assert needs(engine, needs_workers=False) == {}
    nothing = cast("Any", None)
    assert list(Doctor(nothing, "", nothing, nothing, nothing, lambda: NOW, lambda _: None).examine_workers()) == []


def test_a_worker_is_known_while_it_lives_and_not_after_it_left(engine: Engine) -> None:
    for queues in (["sync"], ["sync", "upkeep"]):
        _beat(engine, "w", queues)
    (found,) = workers.read_all(engine)
    assert found.queues == ("sync", "upkeep")
    assert "OttoLearn’s users" in unserved_work([found], found.seen_at)
    _leave(engine, "w")
    assert workers.read_all(engine) == []


def test_the_dead_are_forgotten(engine: Engine) -> None:
    workers.beat(engine, worker(1, age=100.0))
    workers.beat(engine, worker(2))
    workers.forget_before(engine, NOW - 50.0)
    assert [one.id for one in workers.read_all(engine)] == ["w2"]


def test_there_is_no_queue_of_which_nobody_says_what_is_not_done() -> None:
    assert list(UNDONE) == [queue.value for queue in Queue]
