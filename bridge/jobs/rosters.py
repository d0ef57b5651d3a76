"""Roster syncs as jobs: due by the `every` of their connection."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Final

from bridge.contracts import Connection
from bridge.errors import ConfigError
from bridge.roster.settings import seconds
from bridge.store import sync_people, sync_runs
from bridge.store.database import Engine
from bridge.store.sync_lock import LockHeld
from bridge.sync.record import end_stopped
from bridge.sync.run import Options, Sync

log = logging.getLogger(__name__)

INTERRUPTED: Final = "interrupted"
"""The reason of a run whose process got TERM or INT."""
STOPPED: Final = "stopped"
"""The reason of a run that somebody asked to stop: they do not want it to begin again at once."""
AGAIN: Final = 300.0
"""Seconds until a roster is tried again whose last run failed."""


class Rosters:
    """Decides when the roster of a connection is due, and syncs it; the lock of the sync excludes two at once."""

    def __init__(self, engine: Engine, sync_of: Callable[[Connection[Any]], Sync], now: Callable[[], float]) -> None:
        self._engine = engine
        self._sync_of = sync_of
        self._now = now
        self._not_before: dict[str, tuple[float, float]] = {}
        """When it is checked again, and when that was decided: void where the clock was set back since."""

    @staticmethod
    def has_one(connection: Connection[Any]) -> bool:
        """Whether the connection has a roster that is synced by schedule."""
        return connection.adapter.read_roster is not None and "roster" in connection.settings.model_fields_set

    def is_due(self, connection: Connection[Any]) -> bool:
        """Whether it is time. The answer "not yet" is remembered: many connections are asked about often."""
        now = self._now()
        not_before, said_at = self._not_before.get(connection.name, (0.0, 0.0))
        if said_at <= now < not_before:
            return False
        due_at = self._due_at(connection, now)
        self._not_before[connection.name] = due_at, now
        return now >= due_at

    def run(self, connection: Connection[Any]) -> None:
        """Sync it."""
        name = connection.name
        try:
            if end_stopped(self._engine, name, self._now):
                log.info("%s: the process of a run that was asked to stop had ended; it is recorded as stopped", name)
                return
            outcome = self._sync_of(connection).run(Options())
        except LockHeld:
            log.info("%s: another sync is under way", name)
        except ConfigError as error:
            log.warning("%s: the sync cannot start: %s", name, "; ".join(error.problems))
            self._not_before[name] = self._now() + AGAIN, self._now()
        else:
            words = (outcome.status, outcome.reason or "-", outcome.run, outcome.read, outcome.created)
            rest = (outcome.updated, outcome.deactivated)
            log.info("%s: sync: %s (%s), run %d: %d read, %d created, %d updated, %d deactivated", name, *words, *rest)

    def _due_at(self, connection: Connection[Any], now: float) -> float:
        every = seconds(connection.settings.roster.every)
        last = sync_runs.last_started(self._engine, sync_people.source_id(self._engine, connection.name))
        due_at = 0.0 if last is None or last - now >= every else last + every
        newest = sync_runs.newest_of_roster(self._engine, connection.name)
        if newest is None or newest.ended_at is None or newest.reason == INTERRUPTED:  # to be resumed at once
            return due_at
        pause = every if newest.reason == STOPPED else AGAIN
        return due_at if newest.ended_at - now >= pause else max(due_at, newest.ended_at + pause)
