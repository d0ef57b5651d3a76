"""The work between requests: progress is delivered, and what has expired is forgotten. One thread a process."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bridge.config.retention import DAY, Retention
from bridge.lti.keysets import BELIEVED
from bridge.progress.reports import Reports
from bridge.store import keysets, launches, one_time, people, rates, received, scim_resources, unmatched, visits
from bridge.store.database import Engine

log = logging.getLogger(__name__)

EVERY = 5.0
"""Seconds between two rounds; each costs two look-ups in the database while there is nothing to do."""
TIDY_EVERY = 360
"""Rounds."""
LEFT = 30.0
"""Days for which it is known whom an identity provider has deleted: long enough for every sync to see it."""
ALONE = 1_500.0
"""Seconds after one process has begun to tidy before another does: a little less than those rounds take."""


@contextmanager
def running(
    engine: Engine, reports: Reports, now: Callable[[], float], kept: Retention, every: float = EVERY
) -> Iterator[None]:
    """Go on rounds until the block ends."""
    stop, thread = start(engine, reports, now, kept, every)
    try:
        yield
    finally:
        stop.set()
        thread.join()


def start(
    engine: Engine, reports: Reports, now: Callable[[], float], kept: Retention, every: float = EVERY
) -> tuple[threading.Event, threading.Thread]:
    """Go on rounds until the event is set, or the process ends."""
    stop = threading.Event()

    def go() -> None:
        number = 0
        while not stop.wait(every):
            try:
                reports.deliver_due()
                if number % TIDY_EVERY == 0:
                    tidy(engine, now(), kept)
            except Exception:
                log.exception("a round failed; the next one tries again")
            number += 1

    thread = threading.Thread(target=go, name="rounds", daemon=True)
    thread.start()
    return stop, thread


def tidy(engine: Engine, now: float, kept: Retention) -> bool:
    """Forget what is of no use any more, or has been kept long enough; False where another process does so."""
    if not one_time.claim(engine, "tidying", now=now, until=now + ALONE):
        return False
    one_time.purge(engine, now=now)
    rates.purge(engine, now=now)
    launches.forget_nobody_before(engine, now - kept.refused * DAY)
    received.forget_before(engine, now - kept.refused * DAY)
    launches.forget_before(engine, now - kept.launches * DAY)
    visits.forget_before(engine, now - kept.progress * DAY)
    unmatched.forget_before(engine, now - kept.unmatched * DAY)
    keysets.forget_before(engine, now - BELIEVED)
    if one_time.claim(engine, "tidying people", now=now, until=now + DAY):  # it looks at everybody
        people.forget_before(engine, now - kept.people * DAY)
    scim_resources.forget_deleted_before(engine, now - LEFT * DAY)
    return True
