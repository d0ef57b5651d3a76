"""The lease on refreshing the directory: one process at a time, which renews it while it reads OttoLearn's list."""

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
"""Seconds until a lease that is not renewed expires."""
RENEWED_EVERY: Final = 5.0
_NAME: Final = "reading OttoLearn's users"


class RefreshInProgress(RemoteUnavailable):
    """Another process holds the lease."""


class Lease:
    """The right to read the list; held by nobody else before `until`."""

    def __init__(self, engine: Engine, now: Callable[[], float]) -> None:
        self._engine = engine
        self._now = now
        self._until = now() + LEASE

    def acquire(self) -> bool:
        """Take the lease; False where another process holds it."""
        return one_time.claim(self._engine, _NAME, now=self._now(), until=self._until)

    def renew(self) -> None:
        """Extend the lease. Does nothing where another process has taken it meanwhile; the refresh notices."""
        until = self._now() + LEASE
        if one_time.prolong(self._engine, _NAME, was=self._until, until=until):
            self._until = until

    def release(self) -> None:
        """Give the lease up, unless another process has taken it."""
        one_time.release_own(self._engine, _NAME, until=self._until)


@contextmanager
def refresh_lease(engine: Engine, now: Callable[[], float]) -> Iterator[None]:
    """Hold the lease within the block. Raises RefreshInProgress where another process has it."""
    lease = Lease(engine, now)
    if not lease.acquire():
        raise RefreshInProgress("another process is reading the list of OttoLearn's users", retry_after=LEASE)
    stop = threading.Event()
    keeper = threading.Thread(target=_keep, args=(lease, stop), name="directory-lease", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        stop.set()
        keeper.join()
        with suppress(DatabaseError):  # it expires by itself
            lease.release()


def _keep(lease: Lease, stop: threading.Event) -> None:
    while not stop.wait(RENEWED_EVERY):
        try:
            lease.renew()
        except DatabaseError as error:
            log.warning("the lease on reading OttoLearn's users could not be renewed: %s", type(error).__name__)
