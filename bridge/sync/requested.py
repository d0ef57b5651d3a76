"""What administrators ask for on pages, carried out by a process that serves nobody meanwhile."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Final

from bridge.contracts import Connection
from bridge.errors import ConfigError, OttoBridgeError
from bridge.store import sync_requests, sync_runs
from bridge.store.database import Engine
from bridge.store.sync_lock import LockHeld
from bridge.store.sync_requests import Act, Stage, SyncRequest
from bridge.store.sync_runs import Run
from bridge.sync.outcome import Outcome
from bridge.sync.run import Options, Sync
from bridge.sync.stale import PlanStale

log = logging.getLogger(__name__)

BEAT: Final = 10.0
"""Seconds between two signs of life of a request that is carried out."""
LEASE: Final = 900.0
"""Seconds without one after which its process is taken for dead: to read a long list says nothing meanwhile."""
DIED: Final = (
    "the process that carried it out has ended; `ottobridge runs` shows how far it came, and the next sync goes on"
)

SyncOf = Callable[[Connection[Any], Callable[[], bool]], Sync]
"""Makes the sync of a connection; the function says whether to stop."""


class Requested:
    """Carries out what was asked for, one after the other, in one process at a time."""

    def __init__(
        self,
        engine: Engine,
        connection: Callable[[str], Connection[Any] | None],
        sync_of: SyncOf,
        now: Callable[[], float],
        stopping: Callable[[], bool],
    ) -> None:
        """`connection` finds one by its name; `stopping` says whether this process is to end."""
        self._engine = engine
        self._connection = connection
        self._sync_of = sync_of
        self._now = now
        self._stopping = stopping

    def round(self) -> None:
        """Carry out the request that has waited longest, if there is one."""
        now = self._now()
        sync_requests.abandon(self._engine, before=now - LEASE, why=DIED, now=now)
        request = sync_requests.claim(self._engine, now)
        if request is not None:
            self._end(request, *self._carry_out(request))

    def _end(self, request: SyncRequest, state: Stage, result: int | None, said: str) -> None:
        log.info("%s of %s: %s, run %s", request.act, request.connection, state, result or "-")
        sync_requests.end(self._engine, request.id, state, result=result, said=said, now=self._now())

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
        sync = self._sync_of(connection, self._beating(request))
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

    def _beating(self, request: SyncRequest) -> Callable[[], bool]:
        """Whether to stop; it says now and then that the request is still being carried out."""
        last = self._now()

        def stopping() -> bool:
            nonlocal last
            if self._now() - last >= BEAT:
                last = self._now()
                sync_requests.keep(self._engine, request.id, last)
            return self._stopping()

        return stopping
