"""Rosters: how each stands, what runs and what waits; and an operator asks for a plan or a sync."""

from __future__ import annotations

import threading
from typing import Any, Final

import msgspec
from flask import Blueprint, Response, abort, request, url_for

from bridge.admin.roles import Role
from bridge.store import sync_requests, sync_runs
from bridge.store.sync_requests import Act
from bridge.sync.activity import activity_of
from bridge.web.admin.access import go, note, requires, say, signed_in, unattended
from bridge.web.admin.paging import Place, page_of, read_place
from bridge.web.admin.services import AdminServices
from bridge.web.admin.showing import render
from bridge.web.admin.sync_history import plot_changes, plot_read
from bridge.web.admin.sync_live import live_address, mark_of, page_of_rosters, present_of, rostered, rows_of
from bridge.web.admin.sync_run import run_pages
from bridge.web.admin.sync_words import FUNCTIONS, NOBODY, asked

RUNS: Final = 30
"""Runs of a page."""
MOMENT: Final = 1_000
LONGER: Final = 5_000
"""Milliseconds until a page asks again: while something goes on, and while it waits in vain."""
EVENTS_AT_ONCE: Final = 2
"""Pages that a process answers at once how far a sync is: any number may stay open, and launches need the threads."""
ASKED_ON_PAGES: Final = {"plan": Act.PLAN, "sync": Act.SYNC}


KEPT: Final = {"connection", "runs", "after", "before"}
"""What a page that loads itself again keeps of its address."""


def sync_pages(admin: AdminServices) -> Blueprint:
    """The routes of the rosters and their runs."""
    pages = Blueprint("sync", __name__)
    engine, now = admin.app.engine, admin.app.now
    answering = threading.Semaphore(EVENTS_AT_ONCE)

    @pages.context_processor
    def functions() -> dict[str, object]:
        return {**FUNCTIONS, "nobody": NOBODY, "same": _same}

    @pages.get("/sync")
    @requires(Role.VIEWER)
    def show() -> Response:
        name = request.args.get("connection", "")
        return _one(admin, name) if name else _all(admin)

    @pages.post("/sync/ask")
    @requires(Role.OPERATOR)
    def ask() -> Response:
        connection = rostered(admin, request.form.get("connection", ""))
        act = ASKED_ON_PAGES.get(request.form.get("act", ""))
        if act is None:
            abort(400, "A plan or a sync can be asked for.")
        _ask(admin, connection.name, act)
        return go("admin.sync.show", connection=connection.name)

    @pages.post("/sync/withdraw")
    @requires(Role.OPERATOR)
    def withdraw() -> Response:
        connection = rostered(admin, request.form.get("connection", ""))
        waiting = sync_requests.open_of(engine, connection.name)
        if waiting is not None and sync_requests.withdraw(engine, waiting.id, now()):
            note("withdraw_sync", connection=connection.name, request=waiting.id, asked_by=waiting.asked_by)
            say("It was taken back, and is not done.")
        else:
            say("There is nothing to take back any more: it has begun, or is done.", "note")
        return go("admin.sync.show", connection=connection.name)

    @pages.get("/sync/events")
    @requires(Role.VIEWER)
    @unattended
    def events() -> Response:
        """One event, and the end: the browser asks again, and no thread is kept meanwhile. Where too many ask at once
        it is told no event, and asks later.
        """
        text = f"retry: {LONGER}\n\n"
        if answering.acquire(blocking=False):
            try:
                text = _event(admin)
            finally:
                answering.release()
        return Response(text, content_type="text/event-stream; charset=utf-8", headers={"X-Accel-Buffering": "no"})

    run_pages(pages, admin)
    return pages


def _all(admin: AdminServices) -> Response:
    page = page_of_rosters(admin, request.args)
    rows = rows_of(admin, page.rows)
    return render(
        "admin/sync.html",
        page=page,
        rows=rows,
        live=live_address(rows, admin.app.now(), **_place()),
        starts_syncs=admin.app.configuration.bridge.starts_syncs,
        is_nobody=bool(rows) and rows[0].processes.is_nobody,
    )


def _event(admin: AdminServices) -> str:
    """How far it is with what the page shows, or that something else is to be shown."""
    name, now = request.args.get("connection", ""), admin.app.now()
    connections = [rostered(admin, name)] if name else page_of_rosters(admin, request.args).rows
    rows = present_of(admin, connections)
    is_over = mark_of(rows, now) != request.args.get("mark")
    lines = [] if is_over else [row.live.document for row in rows if row.live.text]
    pause = LONGER if all(row.live.is_bad or not row.live.text for row in rows) else MOMENT
    data = msgspec.json.encode(lines).decode()
    return f"retry: {pause}\nevent: {'over' if is_over else 'progress'}\ndata: {data}\n\n"


def _one(admin: AdminServices, name: str) -> Response:
    engine, now = admin.app.engine, admin.app.now()
    (row,) = rows_of(admin, [rostered(admin, name)])
    whole = request.args.get("runs") == "whole"
    args = {key: value for key, value in request.args.items() if key == "after"}
    place: Place[int] | None = read_place(args, int)
    found = sync_runs.page(engine, RUNS + 1, before=place.key if place else None, connection=name, whole=whole)
    page = page_of(found, place, lambda run: run.id, RUNS)
    return render(
        "admin/sync_connection.html",
        row=row,
        live=live_address([row], now, connection=name),
        last_asked=sync_requests.newest_of(engine, name),
        page=page,
        keep={"connection": name, **({"runs": "whole"} if whole else {})},
        whole=whole,
        is_first=place is None,
        changes=plot_changes(page.rows),
        read=plot_read(page.rows),
        starts_syncs=admin.app.configuration.bridge.starts_syncs,
    )


def _ask(admin: AdminServices, name: str, act: Act) -> None:
    engine, now = admin.app.engine, admin.app.now()
    if activity_of(engine, name).lives(now):
        say("A sync of this connection is under way: nothing was asked for. Wait for its end, or stop it.", "note")
        return
    added = sync_requests.add(engine, name, act, None, asked_by=signed_in().who, now=now)
    if added is None:
        other = sync_requests.open_of(engine, name)
        who = f"{other.asked_by} has asked for {asked(other)}" if other else "somebody has asked for one"
        say(f"Nothing was asked for: {who} already, and that comes first.", "note")
        return
    note(f"ask_{act}", connection=name, request=added.id)
    say(f"Asked for {asked(added)} of {name}.")


def _same(**more: str) -> str:
    """The address of this page, with more in its query."""
    kept: dict[str, Any] = {name: value for name, value in request.args.items() if name in KEPT}
    return url_for(request.endpoint or "", **{**kept, **(request.view_args or {}), **more})


def _place() -> dict[str, str]:
    return {name: value for name, value in request.args.items() if name in {"after", "before"}}
