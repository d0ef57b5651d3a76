"""What administrators did."""

from __future__ import annotations

import msgspec
from flask import Blueprint, Response, request

from bridge.admin.roles import Role
from bridge.store import audit
from bridge.store.audit import AuditRow
from bridge.web.admin.access import requires
from bridge.web.admin.paging import ROWS, Place, page_of, read_place
from bridge.web.admin.services import AdminServices
from bridge.web.admin.showing import render


def audit_pages(admin: AdminServices) -> Blueprint:
    """The route of the audit list."""
    pages = Blueprint("audit", __name__)

    @pages.get("/audit")
    @requires(Role.VIEWER)
    def show() -> Response:
        only_after = {name: request.args[name] for name in ("after",) if name in request.args}
        place: Place[tuple[float, int]] | None = read_place(only_after, tuple[float, int])
        who, act = request.args.get("who", "").strip(), request.args.get("act", "").strip()
        found = audit.newest(admin.app.engine, ROWS + 1, before=place.key if place else None, who=who, act=act)
        page = page_of(found, place, lambda row: (row.time, row.id))
        return render("admin/audit.html", page=page, details=_details, who=who, act=act)

    return pages


def _details(row: AuditRow) -> list[tuple[str, str]]:
    found = msgspec.json.decode(row.details, type=dict[str, object])
    return [(name.replace("_", " "), value if isinstance(value, str) else str(value)) for name, value in found.items()]
