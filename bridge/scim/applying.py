"""What was pushed is brought to OttoLearn between requests, by the sync that every roster goes through."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Final

from bridge.contracts import Connection
from bridge.errors import ConfigError
from bridge.store import one_time, scim_resources, sync_people, sync_runs
from bridge.store.database import Engine
from bridge.store.sync_lock import LockHeld
from bridge.store.sync_runs import Status
from bridge.sync.run import Options, Sync

log = logging.getLogger(__name__)

ALONE: Final = 14.0
"""Seconds after one process has begun before another does."""
SETTLING: Final = 5.0
"""Seconds that a push may take from its time stamp until it can be seen."""
RETRY: Final = {Status.HELD_BACK: 86_400.0}
"""Seconds after which a run that came to such an end is made again though nothing was pushed since."""
RETRY_OTHERS: Final = 900.0
FOREVER: Final = 2**62


class Applying:
    """Applies what was pushed to a connection, in one process at a time."""

    def __init__(self, engine: Engine, sync_of: Callable[[Connection[Any]], Sync], now: Callable[[], float]) -> None:
        self._engine = engine
        self._sync_of = sync_of
        self._now = now

    def is_due(self, name: str) -> bool:
        """Whether something was pushed since the last run began to read, or that run is to be made again."""
        changed = scim_resources.newest_change(self._engine, name)
        if changed is None:
            return False
        last = sync_runs.last_that_acted(self._engine, sync_people.source_id(self._engine, name), FOREVER)
        if last is None or changed > (last.read_to or last.started_at) - SETTLING:
            return True
        if last.status == Status.DONE:
            return False
        return self._now() - last.started_at >= RETRY.get(Status(last.status), RETRY_OTHERS)

    def apply(self, connection: Connection[Any]) -> None:
        """Bring it to OttoLearn, unless another process has just begun to."""
        name = connection.name
        if not self._is_our_turn(name):
            return
        try:
            outcome = self._sync_of(connection).run(Options())
        except LockHeld:
            log.info("%s: a sync is under way; what was pushed waits for it", name)
        except ConfigError as error:
            log.warning("%s: what was pushed waits: %s", name, "; ".join(error.problems))
        else:
            words = (outcome.status, outcome.reason or "-", outcome.run, outcome.read, outcome.created, outcome.updated)
            log.info("%s: pushes: %s (%s), run %d: %d read, %d created, %d updated", name, *words)

    def _is_our_turn(self, name: str) -> bool:
        now = self._now()
        return one_time.claim(self._engine, f"applying pushes\n{name}", now=now, until=now + ALONE)
