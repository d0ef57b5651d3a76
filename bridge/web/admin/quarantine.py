"""What was refused again and again: people by OttoLearn, progress by the LMS; tried once more, one or many."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from flask import Blueprint, Response, request

from bridge.admin.roles import Role
from bridge.store import gauges, plan_pages, sync_people, sync_runs, visits
from bridge.store.plan_pages import Position
from bridge.store.sync_items import State
from bridge.store.sync_runs import Run
from bridge.sync.plan_listing import groups_of, read_page
from bridge.web.admin.access import go, note, requires, say
from bridge.web.admin.paging import Page, Place, page_of, read_place
from bridge.web.admin.plan_rows import FUNCTIONS, rows_of
from bridge.web.admin.services import AdminServices
from bridge.web.admin.showing import render

ROWS: Final = 30
LOOKED_BACK: Final = 20
"""Runs in which is counted how often somebody was refused."""
MOST: Final = 500
"""Deliveries that one form may have tried again."""


def quarantine_pages(admin: AdminServices) -> Blueprint:
    """The routes of what was refused."""
    pages, engine = Blueprint("quarantine", __name__), admin.app.engine

    @pages.context_processor
    def functions() -> dict[str, object]:
        return {**FUNCTIONS}

    @pages.get("/sync/refused")
    @requires(Role.VIEWER)
    def show() -> Response:
        name = request.args.get("connection", "")
        if name:
            return render("admin/quarantine_people.html", connection=name, **_people(admin, name))
        place: Place[int] | None = read_place({"after": request.args.get("after", "")}, int)
        found = visits.refused(engine, ROWS + 1, before=place.key if place else None)
        page = page_of(found, place, lambda one: one[1].id, ROWS)
        return render(
            "admin/quarantine.html",
            by_name=sorted(gauges.read(engine).quarantined.items(), key=lambda one: (-one[1], one[0])),
            page=Page(page.rows, "", page.after),
            is_first=place is None,
        )

    @pages.post("/sync/refused/again")
    @requires(Role.OPERATOR)
    def again() -> Response:
        ticked = {int(text) for text in request.form.getlist("report")[:MOST] if _is_number(text)}
        done = sorted(number for number in ticked if visits.try_again(engine, number, admin.app.now()))
        if done:
            note("retry_progress", reports=done)
            say(f"{_reports(len(done))} will be sent again within seconds.")
        if len(done) < len(ticked):
            say(f"{_reports(len(ticked) - len(done))} had been asked for by somebody else, or did not wait.", "note")
        if not ticked:
            say("Nothing was asked for: tick at least one report.", "note")
        return go("admin.quarantine.show")

    return pages


def _people(admin: AdminServices, name: str) -> dict[str, Any]:
    """Whom OttoLearn refused in the last run of the connection that wrote anything."""
    engine = admin.app.engine
    source = sync_people.find_source(engine, name)
    runs = [] if source is None else sync_runs.completed(engine, source, LOOKED_BACK)
    if not runs:
        return {"run": None, "page": Page([]), "times": {}, "runs": 0}
    last: Run = runs[0]
    groups = groups_of(plan_pages.tally(engine, last.id), state=State.QUARANTINED)
    place: Place[Position] | None = read_place(request.args, Position)
    backward = place is not None and place.is_backward
    items = read_page(engine, last.id, groups, ROWS + 1, place.key if place else None, backward=backward)
    page = page_of(items, place, lambda item: Position(item.state, item.kind, item.number), ROWS)
    times = Counter(plan_pages.refused_keys(engine, [run.id for run in runs], [item.key for item in page.rows]))
    return {
        "run": last,
        "page": Page(rows_of(engine, page.rows), page.before, page.after),
        "times": times,
        "runs": len(runs),
    }


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19


def _reports(count: int) -> str:
    return "1 report" if count == 1 else f"{count} reports"
