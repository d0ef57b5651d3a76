"""Keeping the directory fresh: one process at a time, whatever asks for it in between."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

from bridge.contracts import Learner
from bridge.errors import OttoBridgeError
from bridge.learners.directory import Directory
from bridge.ottolearn.api import OttoLearnApi, Skipped

log = logging.getLogger(__name__)

LIST_TIMEOUT = (3.0, 60.0)
"""Seconds to connect, seconds between two bytes: a large list may be long in coming."""


def whole_list(ottolearn: OttoLearnApi) -> Callable[[], Iterator[Learner]]:
    """Reads every user; what is no user record is counted in the log, by its reason and without its content."""

    def read() -> Iterator[Learner]:
        skipped = Skipped()
        yield from ottolearn.read_learners(skipped, timeout=LIST_TIMEOUT)
        for reason, count in skipped.reasons.items():
            log.warning("OttoLearn's list: %d record(s) left out: %s", count, reason)

    return read


def refresh_if_due(directory: Directory, every: float) -> bool:
    """Refresh where the last reading is older than `every` seconds and no other process is at it; whether it was done.

    A failure is logged: the next look tries again, as often as `Directory` lets anybody try.
    """
    try:
        if not directory.is_older_than(every) or not directory.claim():
            return False
        state = directory.refresh()
    except OttoBridgeError as error:
        log.warning("OttoLearn's users could not be read: %s", error)
        return False
    except Exception:
        log.exception("the scheduled reading of OttoLearn's users failed")
        return False
    log.info("the directory holds %d OttoLearn users", state.learners)
    return True
