"""Roster syncs as jobs: due by the `every` of their connection."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Final

from bridge.contracts import Connection
from bridge.errors import ConfigError
from bridge.roster.settings import seconds
from bridge.store import one_time, sync_people, sync_runs
from bridge.store.database import Engine
from bridge.store.sync_lock import LockHeld
from bridge.sync.run import Options, Sync

log = logging.getLogger(__name__)

AGAIN: Final = 300.0
"""Seconds from one start to the next of a roster that stays due, because its runs do not come to an end."""


class Rosters:
    """Starts the sync of a connection, one at a time over all processes."""

    def __init__(self, engine: Engine, sync_of: Callable[[Connection[Any]], Sync], now: Callable[[], float]) -> None:
        self._engine = engine
        self._sync_of = sync_of
        self._now = now
        self._not_before: dict[str, float] = {}

    @staticmethod
    def has_one(connection: Connection[Any]) -> bool:
        """Whether the connection has a roster that is read by the clock."""
        return connection.adapter.read_roster is not None and "roster" in connection.settings.model_fields_set

    def is_due(self, connection: Connection[Any]) -> bool:
        """Whether it is time. The answer "not yet" is remembered: many connections are asked about often."""
        now = self._now()
        if now < self._not_before.get(connection.name, 0.0):
            return False
        last = sync_runs.last_started(self._engine, sync_people.source_id(self._engine, connection.name))
        due_at = 0.0 if last is None else last + seconds(connection.settings.roster.every)
        self._not_before[connection.name] = due_at
        return now >= due_at

    def run(self, connection: Connection[Any]) -> None:
        """Sync it, unless somebody has just begun to."""
        now, name = self._now(), connection.name
        if not one_time.claim(self._engine, f"scheduled sync\n{name}", now=now, until=now + AGAIN):
            return
        try:
            outcome = self._sync_of(connection).run(Options())
        except LockHeld:
            log.info("%s: another sync is under way", name)
        except ConfigError as error:
            log.warning("%s: the sync cannot start: %s", name, "; ".join(error.problems))
        else:
            words = (outcome.status, outcome.reason or "-", outcome.run, outcome.read, outcome.created)
            rest = (outcome.updated, outcome.deactivated)
            log.info("%s: sync: %s (%s), run %d: %d read, %d created, %d updated, %d deactivated", name, *words, *rest)
