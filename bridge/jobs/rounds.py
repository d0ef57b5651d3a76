"""Jobs in a process that serves: one thread for each queue, one job after another, between requests."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from bridge.jobs.job import Job, Queue
from bridge.jobs.schedule import Schedule

log = logging.getLogger(__name__)

EVERY = 5.0
"""Seconds between two looks at what is due."""


def start(jobs: Callable[[], Iterable[Job]], stop: threading.Event, every: float = EVERY) -> list[threading.Thread]:
    """Run what is due until the event is set, or the process ends."""
    threads = [
        threading.Thread(target=_go, args=(queue, jobs, stop, every), name=f"jobs-{queue}", daemon=True)
        for queue in Queue
    ]
    for thread in threads:
        thread.start()
    return threads


@contextmanager
def running(jobs: Callable[[], Iterable[Job]], every: float = EVERY) -> Iterator[None]:
    """Run what is due until the block ends."""
    stop = threading.Event()
    threads = start(jobs, stop, every)
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _go(queue: Queue, jobs: Callable[[], Iterable[Job]], stop: threading.Event, every: float) -> None:
    schedule = Schedule(lambda: (job for job in jobs() if job.queue == queue), time.monotonic)
    while not stop.wait(every):
        try:
            run_due(schedule, stop)
        except Exception:  # the list of jobs itself, which is read from the database
            log.exception("what is due cannot be told; it is looked for again")


def run_due(schedule: Schedule, stop: threading.Event) -> None:
    """Run what is due, one after another; a failure of one job does not stop the others."""
    for job in schedule.due():
        if stop.is_set():
            return
        try:
            job.run()
        except Exception:
            log.exception("%s failed; it is tried again when it is due", job.name)
