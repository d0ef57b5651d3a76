"""The periodic refresh of the directory, in one process at a time."""

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


def learner_list_reader(ottolearn: OttoLearnApi) -> Callable[[], Iterator[Learner]]:
    """A function that reads all users. Entries that are no user records are logged by reason and count."""

    def read() -> Iterator[Learner]:
        skipped = Skipped()
        yield from ottolearn.read_learners(skipped, timeout=LIST_TIMEOUT)
        for reason, count in skipped.reasons.items():
            log.warning("OttoLearn's list: %d record(s) left out: %s", count, reason)

    return read


def refresh_if_due(directory: Directory, every: float) -> bool:
    """Refresh if the last refresh is older than `every` seconds and no other process does; True where it was done.

    A failure is logged: the next check tries again, within the limits of `Directory`.
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
