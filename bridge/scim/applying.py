"""What was pushed is brought to OttoLearn between requests, by the sync that every roster goes through."""

from __future__ import annotations

import logging
import random
import secrets
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, Final

from bridge.config.configuration import Configuration
from bridge.contracts import Connection
from bridge.errors import ConfigError
from bridge.learners.directory import Directory
from bridge.net.http import Outbound
from bridge.ottolearn.api import OttoLearnApi
from bridge.scim.pushes import pushes_of
from bridge.store import one_time, scim_resources, sync_people, sync_runs
from bridge.store.database import Engine
from bridge.store.sync_lock import LockHeld
from bridge.store.sync_runs import Status
from bridge.sync.apply import RunContext
from bridge.sync.run import Options, Sync

log = logging.getLogger(__name__)

EVERY: Final = 15.0
"""Seconds between two looks for what was pushed."""
SETTLING: Final = 5.0
"""Seconds that a push may take from its time stamp until it can be seen."""
RETRY: Final = {Status.HELD_BACK: 86_400.0}
"""Seconds after which a run that came to such an end is made again though nothing was pushed since."""
RETRY_OTHERS: Final = 900.0
FRESH_FOR: Final = 600.0
"""Seconds for which OttoLearn's users need not be read again: pushes come one by one, the list is long."""
FOREVER: Final = 2**62


class Applying:
    """Applies what was pushed to each connection, in one process at a time."""

    def __init__(
        self,
        engine: Engine,
        connections: Iterable[Connection[Any]],
        sync_of: Callable[[Connection[Any]], Sync],
        now: Callable[[], float],
    ) -> None:
        self._engine = engine
        self._connections = [connection for connection in connections if connection.adapter.takes_pushes]
        self._sync_of = sync_of
        self._now = now

    def __bool__(self) -> bool:
        return bool(self._connections)

    def round(self) -> None:
        """Apply what is due; a failure of one connection does not stop the others."""
        for connection in self._connections:
            try:
                if self.is_due(connection.name) and self._is_our_turn(connection.name):
                    self._apply(connection)
            except LockHeld:
                log.info("%s: a sync is under way; what was pushed waits for it", connection.name)
            except ConfigError as error:
                log.warning("%s: what was pushed waits: %s", connection.name, "; ".join(error.problems))
            except Exception:
                log.exception("%s: what was pushed could not be applied; it is tried again", connection.name)

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

    def _is_our_turn(self, name: str) -> bool:
        now = self._now()
        return one_time.claim(self._engine, f"applying pushes\n{name}", now=now, until=now + EVERY - 1)

    def _apply(self, connection: Connection[Any]) -> None:
        outcome = self._sync_of(connection).run(Options())
        words = (outcome.status, outcome.reason or "-", outcome.run, outcome.read, outcome.created, outcome.updated)
        log.info("%s: pushes: %s (%s), run %d: %d read, %d created, %d updated", connection.name, *words)


def start(applying: Applying, stop: threading.Event, every: float = EVERY) -> threading.Thread | None:
    """Go on rounds until the event is set, or the process ends; None where nobody pushes."""
    if not applying:
        return None

    def go() -> None:
        while not stop.wait(every):
            applying.round()

    thread = threading.Thread(target=go, name="pushes", daemon=True)
    thread.start()
    return thread


def background_sync(
    configuration: Configuration, engine: Engine, directory: Directory, outbound: Outbound, stop: threading.Event
) -> Callable[[Connection[Any]], Sync]:
    """Makes the sync of a connection for a thread that serves nobody."""
    settings = configuration.ottolearn

    def sync_of(connection: Connection[Any]) -> Sync:
        context = RunContext(
            engine=engine,
            directory=directory,
            # Each call once: the sync itself decides when to try again, for all its calls together.
            ottolearn=OttoLearnApi(settings, outbound, attempts=1),
            now=time.time,
            sleep=time.sleep,
            token=lambda: secrets.token_urlsafe(32),
            chance=random.SystemRandom().random,
            notice=lambda sentence: log.info("%s: %s", connection.name, sentence),
            progress=lambda stage, done, total: None,  # noqa: ARG005
            stopping=stop.is_set,
            fresh_for=FRESH_FOR,
            pushes=pushes_of(engine, connection.name),
        )
        return Sync(connection, settings.username_attributes, settings.username, outbound, context)

    return sync_of
