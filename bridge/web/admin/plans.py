"""The plan of a run as people read it: who, which attribute, before and after; and its approval."""

from __future__ import annotations

import time
from typing import Any, Final

from flask import Blueprint, Response, abort, request

from bridge.admin.roles import Role
from bridge.store import plan_pages, sync_requests, sync_runs
from bridge.store.plan_pages import Group, Position
from bridge.store.sync_items import Item, Kind, State
from bridge.store.sync_requests import Act
from bridge.store.sync_runs import UNDER_WAY, Run
from bridge.sync import approval
from bridge.sync.plan_listing import KINDS, STATES, groups_of, read_page, search
from bridge.sync.reasons import OF_A_RUN
from bridge.web.admin.access import go, note, requires, say, signed_in
from bridge.web.admin.paging import Page, Place, page_of, read_place
from bridge.web.admin.plan_rows import FUNCTIONS, rows_of
from bridge.web.admin.services import AdminServices
from bridge.web.admin.showing import render

LONGEST: Final = 200
"""Characters looked at of what was typed."""
ROWS: Final = 30
ASKED: Final[dict[str, tuple[str, str]]] = {
    Act.APPROVE: (
        "approve_plan",
        "The source will be read again, and what you saw and is still true will be done. It begins within seconds.",
    ),
    Act.APPLY: ("apply_plan", "The plan will be carried out as you saw it. It begins within seconds."),
}
"""What is asked for -> the word of the audit list, and what is said to whoever asks."""


def plan_views(admin: AdminServices) -> Blueprint:
    """The routes of plans."""
    pages, app = Blueprint("plans", __name__), admin.app

    @pages.context_processor
    def functions() -> dict[str, object]:
        return {**FUNCTIONS}

    @pages.get("/sync/plans/<int:run>")
    @requires(Role.VIEWER)
    def show(run: int) -> Response:
        found = _run(admin, run)
        tally = plan_pages.tally(app.engine, run)
        return render("admin/plan.html", **_standing(admin, found, tally), **_list(admin, found, tally))

    @pages.post("/sync/plans/<int:run>/approve")
    @requires(Role.OPERATOR)
    def approve(run: int) -> Response:
        return _ask(admin, run, Act.APPROVE)

    @pages.post("/sync/plans/<int:run>/apply")
    @requires(Role.OPERATOR)
    def apply(run: int) -> Response:
        return _ask(admin, run, Act.APPLY)

    return pages


def _run(admin: AdminServices, run: int) -> Run:
    found = sync_runs.find(admin.app.engine, run) if run < 2**63 else None
    if found is None:
        abort(404, f"There is no run {run}, or it was forgotten since.")
    return found


def _ask(admin: AdminServices, run: int, act: Act) -> Response:
    """Ask for it, and tell whoever was second that somebody else has."""
    found, app = _run(admin, run), admin.app
    try:
        approval.ask(
            app.engine,
            run,
            act,
            app.connections.find(found.connection),
            seen=request.form.get("seen", ""),
            asked_by=signed_in().who,
            now=app.now(),
        )
    except approval.ApprovalRefused as error:
        say(f"Nothing was asked for: {error}.", "bad")
        return go("admin.plans.show", run=run)
    word, said = ASKED[act]
    held, _, planned = request.form["seen"].partition(".")
    note(word, connection=found.connection, run=run, held=int(held), planned=int(planned))
    say(said)
    return go("admin.plans.show", run=run)


def _standing(admin: AdminServices, run: Run, tally: dict[Group, int]) -> dict[str, Any]:
    """What the page shows of the plan as a whole."""
    app, waits = admin.app, approval.open_of(tally)
    acts = approval.acts_of(run, waits)
    open_request = sync_requests.open_of(app.engine, run.connection)
    newest = sync_runs.newest_of_roster(app.engine, run.connection)
    connection = app.connections.find(run.connection)
    return {
        "run": run,
        "tally": tally,
        "kinds": [kind for kind in KINDS if any(of == kind for _, of in tally)],
        "states": [state for state in STATES if any(at == state for at, _ in tally)],
        "waits": waits,
        "acts": acts,
        "why_not": approval.why_not(app.engine, run, connection, app.now()) if acts else "",
        "deactivations": tally.get(Group(State.HELD, Kind.DEACTIVATE), 0)
        + tally.get(Group(State.PLANNED, Kind.DEACTIVATE), 0),
        "under_way": run.status in UNDER_WAY,
        "advice": OF_A_RUN.get(run.reason),  # type: ignore[call-overload]  # a word of the record
        "request": sync_requests.newest_for_plan(app.engine, run.connection, run.id),
        "busy": open_request,
        "newer": newest if newest is not None and newest.id > run.id else None,
        "pushes": connection is not None and connection.adapter.takes_pushes,
        "Group": Group,
    }


def _list(admin: AdminServices, run: Run, tally: dict[Group, int]) -> dict[str, Any]:
    """The items that are asked for."""
    args, engine = request.args, admin.app.engine
    kind, state = args.get("kind", ""), args.get("state", "")
    text = args.get("q", "").strip()[:LONGEST]
    groups = groups_of(tally, kind, state)
    keep = {name: value for name, value in (("kind", kind), ("state", state), ("q", text)) if value}
    place: Place[Position] | None = read_place(args, Position)
    is_complete = True
    if text:
        connection = admin.app.connections.find(run.connection)
        ignore_case = connection is not None and connection.ignore_case
        found, is_complete = search(engine, run.id, groups, text, ROWS, ignore_case=ignore_case, clock=time.monotonic)
        page: Page[Item] = Page(found)
    else:
        backward = place is not None and place.is_backward
        items = read_page(engine, run.id, groups, ROWS + 1, place.key if place else None, backward=backward)
        page = page_of(items, place, lambda item: Position(item.state, item.kind, item.number), ROWS)
    return {
        "page": Page(rows_of(engine, page.rows), page.before, page.after),
        "keep": {"run": run.id, **keep},
        "filtered": bool(keep),
        "text": text,
        "kind": kind,
        "state": state,
        "count": sum(tally[group] for group in groups),
        "is_complete": is_complete,
    }
