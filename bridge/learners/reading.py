"""One reader of OttoLearn's list over all processes: a lease in the database, which its holder prolongs."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from bridge.errors import RemoteUnavailable
from bridge.store import one_time
from bridge.store.database import DatabaseError, Engine

log = logging.getLogger(__name__)

LEASE: Final = 30.0
"""Seconds after which whoever prolongs no more is taken for dead."""
PROLONGED_EVERY: Final = 5.0
_NAME: Final = "reading OttoLearn's users"


class AlreadyReading(RemoteUnavailable):
    """Another process is reading OttoLearn's list."""


class Lease:
    """The right to read the list; held by nobody else before `until`."""

    def __init__(self, engine: Engine, now: Callable[[], float]) -> None:
        self._engine = engine
        self._now = now
        self._until = now() + LEASE

    def take(self) -> bool:
        """Whether it was free."""
        return one_time.claim(self._engine, _NAME, now=self._now(), until=self._until)

    def prolong(self) -> None:
        """Hold it for a while more. Where another has it by now nothing is done: the reading, overtaken, will see."""
        until = self._now() + LEASE
        if one_time.prolong(self._engine, _NAME, was=self._until, until=until):
            self._until = until

    def leave(self) -> None:
        """Let others have it, unless another has it already."""
        one_time.release_own(self._engine, _NAME, until=self._until)


@contextmanager
def the_only_reading(engine: Engine, now: Callable[[], float]) -> Iterator[None]:
    """Hold the lease within the block. Raises AlreadyReading where another process is at it."""
    lease = Lease(engine, now)
    if not lease.take():
        raise AlreadyReading("another process is reading the list of OttoLearn's users", retry_after=LEASE)
    stop = threading.Event()
    keeper = threading.Thread(target=_keep, args=(lease, stop), name="directory-lease", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        stop.set()
        keeper.join()
        with suppress(DatabaseError):  # it ends by itself
            lease.leave()


def _keep(lease: Lease, stop: threading.Event) -> None:
    while not stop.wait(PROLONGED_EVERY):
        try:
            lease.prolong()
        except DatabaseError as error:
            log.warning("the lease on reading OttoLearn's users could not be prolonged: %s", type(error).__name__)
