"""Background jobs of a serving process: one thread for each queue, which runs the due jobs one after another."""

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
"""Seconds between two checks for due jobs."""


def start(jobs: Callable[[], Iterable[Job]], stop: threading.Event, every: float = EVERY) -> list[threading.Thread]:
    """Run due jobs until the event is set, or the process ends."""
    threads = [
        threading.Thread(target=_run_queue, args=(queue, jobs, stop, every), name=f"jobs-{queue}", daemon=True)
        for queue in Queue
    ]
    for thread in threads:
        thread.start()
    return threads


@contextmanager
def running(jobs: Callable[[], Iterable[Job]], every: float = EVERY) -> Iterator[None]:
    """Run due jobs until the block ends."""
    stop = threading.Event()
    threads = start(jobs, stop, every)
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _run_queue(queue: Queue, jobs: Callable[[], Iterable[Job]], stop: threading.Event, every: float) -> None:
    schedule = Schedule(lambda: (job for job in jobs() if job.queue == queue), time.monotonic)
    while not stop.wait(every):
        try:
            run_due(schedule, stop)
        except Exception:  # the list of jobs itself, which is read from the database
            log.exception("the due jobs could not be determined; retried at the next check")


def run_due(schedule: Schedule, stop: threading.Event) -> None:
    """Run the due jobs one after another; a failure of one job does not stop the others."""
    for job in schedule.due():
        if stop.is_set():
            return
        try:
            job.run()
        except Exception:
            log.exception("%s failed; it is tried again when it is due", job.name)
