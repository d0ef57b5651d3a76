"""The work between requests: progress is delivered, and what has expired is forgotten. One thread a process."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Engine

from bridge.lti.keysets import BELIEVED
from bridge.progress.reports import Reports
from bridge.store import keysets, launches, one_time, rates, received, unmatched, visits

log = logging.getLogger(__name__)

EVERY = 5.0
"""Seconds between two rounds; each costs two look-ups in the database while there is nothing to do."""
TIDY_EVERY = 360
"""Rounds."""
RECEIVED_KEPT = 30 * 86_400.0
"""Seconds for which the record knows what came with a launch that did not get in, and one refused before anybody was
known at all."""
LAUNCHES_KEPT = 400 * 86_400.0
VISITS_KEPT = 400 * 86_400.0
UNMATCHED_KEPT = 180 * 86_400.0


@contextmanager
def rounds(engine: Engine, reports: Reports, now: Callable[[], float], every: float = EVERY) -> Iterator[None]:
    """Go on rounds until the block ends."""
    stop, thread = start(engine, reports, now, every)
    try:
        yield
    finally:
        stop.set()
        thread.join()


def start(
    engine: Engine, reports: Reports, now: Callable[[], float], every: float = EVERY
) -> tuple[threading.Event, threading.Thread]:
    """Go on rounds until the event is set, or the process ends."""
    stop = threading.Event()
    thread = threading.Thread(target=_go, args=(engine, reports, now, stop, every), name="rounds", daemon=True)
    thread.start()
    return stop, thread


def _go(engine: Engine, reports: Reports, now: Callable[[], float], stop: threading.Event, every: float) -> None:
    number = 0
    while not stop.wait(every):
        try:
            reports.deliver_due()
            if number % TIDY_EVERY == 0:
                tidy(engine, now())
        except Exception:
            log.exception("a round failed; the next one tries again")
        number += 1


def tidy(engine: Engine, now: float) -> None:
    """Forget what is of no use any more."""
    one_time.purge(engine, now=now)
    rates.purge(engine, now=now)
    launches.forget_nobody_before(engine, now - RECEIVED_KEPT)
    received.forget_before(engine, now - RECEIVED_KEPT)
    launches.forget_before(engine, now - LAUNCHES_KEPT)
    visits.forget_before(engine, now - VISITS_KEPT)
    unmatched.forget_before(engine, now - UNMATCHED_KEPT)
    keysets.forget_before(engine, now - BELIEVED)
