"""Requests of administrators to carry out the plan of a run, refused where the plan has changed since they saw it.

Nothing is carried out here: the request is queued for a background process (`bridge.sync.requested`), which reads the
source again; `bridge.sync.stale` lets through only what the plan showed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from bridge.contracts import Connection
from bridge.errors import OttoBridgeError
from bridge.store import plan_pages, sync_requests, sync_runs
from bridge.store.database import Engine
from bridge.store.plan_pages import Group
from bridge.store.sync_items import WRITES, State
from bridge.store.sync_requests import Act, SyncRequest
from bridge.store.sync_runs import RIGHT_LOST, UNDER_WAY, Run, Status
from bridge.sync.stale import PlanStale, require_open


class ApprovalRefused(OttoBridgeError):
    """The plan cannot be carried out, or another request for the connection is open; the text says which."""


class OpenChanges(NamedTuple):
    """How many changes of a plan wait to be carried out, by state."""

    held: int
    planned: int

    @property
    def seen(self) -> str:
        """The counts as the form sends them back, to detect a plan that has changed since the page was shown."""
        return f"{self.held}.{self.planned}"


def open_of(tally: Mapping[Group, int]) -> OpenChanges:
    """The open changes in a tally of all items."""
    return OpenChanges(_writes(tally, State.HELD), _writes(tally, State.PLANNED))


def _writes(tally: Mapping[Group, int], state: State) -> int:
    return sum(number for (at, kind), number in tally.items() if at == state and kind in WRITES)


def acts_of(run: Run, waits: OpenChanges) -> tuple[Act, ...]:
    """The requests that are possible for the plan of `run`, the usual one first."""
    if run.status in UNDER_WAY or run.look_up:
        return ()
    if not any(waits) and run.reason != RIGHT_LOST:
        return ()
    return (Act.APPROVE, Act.APPLY) if run.status == Status.PLANNED and waits.planned else (Act.APPROVE,)


def why_not(engine: Engine, run: Run, connection: Connection[Any] | None, now: float) -> str:
    """Why the plan of `run` cannot be carried out from here; empty where it can."""
    if connection is None or connection.adapter.read_roster is None:
        return (
            f"no connection that can be read is called {run.connection}; what was read from a file is approved with "
            f"it: ottobridge sync approve {run.id} --file FILE"
        )
    if run.status in UNDER_WAY:
        return f"run {run.id} is still under way"
    try:
        require_open(engine, run, now)
    except PlanStale as error:
        return str(error)
    return ""


def ask(
    engine: Engine, run: int, act: Act, connection: Connection[Any] | None, *, seen: str, asked_by: str, now: float
) -> SyncRequest:
    """Request that the plan of `run` be carried out; `seen` is that of `OpenChanges`. Raises ApprovalRefused."""
    found = sync_runs.find(engine, run)
    if found is None:
        raise ApprovalRefused(f"there is no run {run}")
    if why := why_not(engine, found, connection, now):
        raise ApprovalRefused(why)
    waits = open_of(plan_pages.tally(engine, run))
    if waits.seen != seen:
        raise ApprovalRefused("the plan has changed since you looked at it; look at what waits now")
    if act not in acts_of(found, waits):
        raise ApprovalRefused(f"run {run} is {found.status}; its plan is not carried out like this")
    asked = sync_requests.add(engine, found.connection, act, run, asked_by=asked_by, now=now)
    if asked is None:
        other = sync_requests.open_of(engine, found.connection)
        who = f"{other.asked_by} has" if other else "somebody has just"
        raise ApprovalRefused(f"{who} asked for a sync of {found.connection} that is not done yet; look again after it")
    return asked
