"""Carries out the syncs that administrators request on pages, in a process that serves no requests meanwhile."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from bridge.contracts import Connection
from bridge.errors import ConfigError, OttoBridgeError
from bridge.store import sync_requests, sync_runs
from bridge.store.database import DatabaseError, Engine
from bridge.store.sync_lock import LockHeld
from bridge.store.sync_requests import Act, Stage, SyncRequest
from bridge.store.sync_runs import Run
from bridge.sync.outcome import Outcome
from bridge.sync.run import Options, Sync
from bridge.sync.stale import PlanStale

log = logging.getLogger(__name__)

BEAT: Final = 10.0
"""Seconds between two heartbeats of a request that is carried out."""
LEASE: Final = 120.0
"""Seconds without a heartbeat after which the process of a request is presumed dead."""
DIED: Final = "its process has ended; the list of runs shows how far it came, and the next sync goes on from there"


class RequestedSyncs:
    """Carries out requested syncs, one after the other; each request is claimed by one process."""

    def __init__(
        self,
        engine: Engine,
        connection: Callable[[str], Connection[Any] | None],
        sync_of: Callable[[Connection[Any]], Sync],
        now: Callable[[], float],
        beat: float = BEAT,
    ) -> None:
        """`connection` finds one by its name, `sync_of` makes its sync."""
        self._engine = engine
        self._connection = connection
        self._sync_of = sync_of
        self._now = now
        self._beat = beat

    def is_due(self) -> bool:
        """Whether a request waits, or the process of one died."""
        return sync_requests.is_any(self._engine, now=self._now(), lease=LEASE)

    def run(self) -> None:
        """Carry out the oldest waiting request, if there is one."""
        now = self._now()
        sync_requests.abandon(self._engine, lease=LEASE, why=DIED, now=now)
        request = sync_requests.claim(self._engine, now)
        if request is not None:
            with self._heartbeats(request):
                ended = self._carry_out(request)
            self._end(request, *ended)

    def _end(self, request: SyncRequest, state: Stage, result: int | None, detail: str) -> None:
        log.info("%s of %s: %s, run %s", request.act, request.connection, state, result or "-")
        sync_requests.end(self._engine, request.id, state, result=result, detail=detail, now=self._now())

    def _carry_out(self, request: SyncRequest) -> tuple[Stage, int | None, str]:
        try:
            outcome = self._act(request)
        except (LockHeld, PlanStale) as error:
            return Stage.FAILED, None, str(error)
        except ConfigError as error:
            return Stage.FAILED, None, "; ".join(error.problems)
        except OttoBridgeError as error:
            return Stage.FAILED, None, str(error)
        except Exception:
            log.exception("%s of %s has failed", request.act, request.connection)
            return Stage.FAILED, None, "an error in the bridge itself; the log has it"
        return Stage.DONE, outcome.run, " ".join(outcome.notices)

    def _act(self, request: SyncRequest) -> Outcome:
        connection = self._connection(request.connection)
        if connection is None or connection.adapter.read_roster is None:
            raise ConfigError([f"no connection with a roster is called {request.connection}"])
        sync = self._sync_of(connection)
        match request.act:
            case Act.SYNC:
                return sync.run(Options())
            case Act.PLAN:
                return sync.run(Options(only_plan=True))
            case Act.APPLY:
                return sync.apply_plan(self._run(request))
            case _:
                return sync.approve(self._run(request))

    def _run(self, request: SyncRequest) -> Run:
        found = None if request.run is None else sync_runs.find(self._engine, request.run)
        if found is None:
            raise ConfigError([f"there is no run {request.run}"])
        return found

    @contextmanager
    def _heartbeats(self, request: SyncRequest) -> Iterator[None]:
        """Write heartbeats for the request while the block lasts."""
        over = threading.Event()

        def go() -> None:
            while not over.wait(self._beat):
                try:
                    sync_requests.heartbeat(self._engine, request.id, self._now())
                except DatabaseError:
                    log.warning("request %d: no sign of life could be written; the next one is tried", request.id)

        thread = threading.Thread(target=go, name="request", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
