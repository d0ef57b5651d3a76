"""One run: how far it is, what came of it and why, and how it is stopped."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, Response, abort

from bridge.admin.roles import Role
from bridge.store import sync_requests, sync_runs, sync_stops
from bridge.store.sync_requests import Act, Stage, SyncRequest
from bridge.store.sync_runs import Run
from bridge.web.admin.access import go, note, requires, say
from bridge.web.admin.services import AdminServices
from bridge.web.admin.showing import render
from bridge.web.admin.sync_live import live_address, present_of

FIGURES: Final = ("read", "created", "updated", "reactivated", "deactivated", "unchanged")
LEFT: Final = ("held", "quarantined", "conflicts", "skipped")
"""Of people for whom something is not done."""


def run_pages(pages: Blueprint, admin: AdminServices) -> None:
    """The routes of one run."""
    engine, now = admin.app.engine, admin.app.now

    @pages.get("/sync/runs/<int:run>")
    @requires(Role.VIEWER)
    def run(run: int) -> Response:
        found = _run(admin, run)
        return render(
            "admin/sync_run.html",
            run=found,
            request_of=_request_of(admin, found),
            figures=[(name, int(found.summary.get(name, 0))) for name in FIGURES],
            left=[(name, int(found.summary.get(name, 0))) for name in LEFT],
            reasons=sorted(found.summary.get("reasons", {}).items(), key=lambda item: -item[1]),
            **_live(admin, found),
        )

    @pages.post("/sync/runs/<int:run>/stop")
    @requires(Role.OPERATOR)
    def stop(run: int) -> Response:
        found = _run(admin, run)
        if sync_stops.ask_to_stop(engine, run, now()):
            note("stop_sync", connection=found.connection, run=run)
            say("The run is asked to stop. It finishes and records what it has begun.")
        else:
            say("The run is over already.", "note")
        return go("admin.sync.run", run=run)


def _run(admin: AdminServices, number: int) -> Run:
    """The run of this number; else the answer is that there is none."""
    found = sync_runs.find(admin.app.engine, number) if number < 2**63 else None
    if found is None:
        abort(404, f"There is no run {number}.")
    return found


def _request_of(admin: AdminServices, run: Run) -> SyncRequest | None:
    """The request that led to the run. It names its run only at its end, and is not open any more from then on."""
    engine = admin.app.engine
    begun = sync_requests.open_of(engine, run.connection)
    named = sync_requests.of_run(engine, run.connection, run.id)
    if named is not None or begun is None or begun.state != Stage.RUNNING:
        return named
    # Not of an earlier run: the one whose plan is carried out, or one that was over when somebody asked.
    is_this = begun.act != Act.APPLY and begun.asked_at <= run.started_at and not run.look_up
    return begun if is_this else None


def _live(admin: AdminServices, run: Run) -> dict[str, Any]:
    """What happens with the run, if it is under way."""
    connection = admin.app.connections.find(run.connection)
    if connection is None or run.status not in sync_runs.UNDER_WAY:
        return {"row": None, "live": "", "is_known": connection is not None}
    (row,) = present_of(admin, [connection])
    is_this = row.activity.run is not None and row.activity.run.id == run.id
    return {
        "row": row if is_this else None,
        "live": live_address([row], admin.app.now(), connection=run.connection) if is_this else "",
        "is_known": True,
    }
