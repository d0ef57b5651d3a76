"""What an identity provider has pushed (SCIM) and OttoLearn does not have yet: waiting for the next run, or held."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import msgspec
from flask import Blueprint, Response, abort, request

from bridge.admin.roles import Role
from bridge.scim.applying import FOREVER, RETRY, RETRY_OTHERS, SETTLING
from bridge.store import plan_pages, scim_resources, sync_people, sync_requests, sync_runs
from bridge.store.scim_resources import PushedRow, Row
from bridge.store.sync_runs import UNDER_WAY, Status
from bridge.sync import approval
from bridge.sync.guard import WINDOW
from bridge.web.admin.access import requires
from bridge.web.admin.paging import Page, Place, page_of, read_place
from bridge.web.admin.plan_rows import FUNCTIONS
from bridge.web.admin.services import AdminServices
from bridge.web.admin.showing import render

ROWS: Final = 30
COUNTED: Final = 10_000
"""No further is counted what waits."""


class PushedPerson(NamedTuple):
    """One user of the identity provider, as it last said."""

    id: str
    name: str
    username: str
    changed_at: float
    state: tuple[str, str]
    """Words and the kind of the badge."""


def push_pages(admin: AdminServices) -> Blueprint:
    """The route of what was pushed to a connection."""
    pages = Blueprint("pushes", __name__)

    @pages.context_processor
    def functions() -> dict[str, object]:
        return {**FUNCTIONS}

    @pages.get("/sync/pushes/<connection>")
    @requires(Role.VIEWER)
    def show(connection: str) -> Response:
        found = admin.app.connections.find(connection)
        if found is None or not found.adapter.takes_pushes:
            abort(404, "No connection that people are pushed to has this name.")
        return render("admin/pushes.html", connection=found.name, **_standing(admin, found.name))

    return pages


def _standing(admin: AdminServices, name: str) -> dict[str, Any]:
    """What waits, and what is held."""
    engine, now = admin.app.engine, admin.app.now()
    source = sync_people.find_source(engine, name)
    last = None if source is None else sync_runs.last_that_acted(engine, source, FOREVER)
    good = sync_runs.completed(engine, source, 1) if source is not None else []
    since = (good[0].read_to or good[0].started_at) - SETTLING if good else 0.0
    place: Place[tuple[float, int]] | None = read_place({"after": request.args.get("after", "")}, tuple[float, int])
    found = scim_resources.pushed_since(engine, name, since, ROWS + 1, before=place.key if place else None)
    page = page_of(found, place, lambda one: (one.changed_at, one.row.number), ROWS)
    held = None if last is None or last.status in UNDER_WAY else approval.open_of(plan_pages.tally(engine, last.id))
    return {
        "last": last,
        "waiting": scim_resources.count_pushed_since(engine, name, since, COUNTED + 1),
        "most": COUNTED,
        "page": Page([_person(one, since) for one in page.rows], "", page.after),
        "is_first": place is None,
        "held": held if held is not None and any(held) else None,
        "again_at": _again_at(last),
        "busy": sync_requests.open_of(engine, name),
        "written": {} if source is None else sync_runs.written_since(engine, source, now - WINDOW, except_run=0),
        "under_way": last is not None and last.status in UNDER_WAY,
    }


def _again_at(last: sync_runs.Run | None) -> float | None:
    """When the last run is made again though nothing new is pushed; None where it is not."""
    if last is None or last.status == Status.DONE or last.status in UNDER_WAY:
        return None
    return last.started_at + RETRY.get(Status(last.status), RETRY_OTHERS)


def _person(pushed: PushedRow, since: float) -> PushedPerson:
    row = pushed.row
    said = msgspec.json.decode(row.document)
    said = said if isinstance(said, dict) else {}
    name = said.get("name")
    parts = [name.get(part) if isinstance(name, dict) else None for part in ("givenName", "familyName")]
    full = " ".join(part for part in parts if isinstance(part, str)) or said.get("displayName") or ""
    return PushedPerson(row.id, str(full), str(said.get("userName", "")), pushed.changed_at, _state(row, said, since))


def _state(row: Row, said: dict[str, Any], since: float) -> tuple[str, str]:
    if row.deleted_at is not None:
        return "deleted", "bad"
    if said.get("active") is False:
        return "inactive", "warn"
    return ("new", "good") if row.created_at > since else ("changed", "note")
