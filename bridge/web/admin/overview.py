"""What needs a person now."""

from __future__ import annotations

from flask import Blueprint, Response

from bridge.admin.roles import Role
from bridge.web.admin.access import requires
from bridge.web.admin.services import AdminServices
from bridge.web.admin.showing import render


def overview_pages(admin: AdminServices) -> Blueprint:
    """The route of the overview."""
    pages = Blueprint("overview", __name__)

    @pages.get("")
    @requires(Role.VIEWER)
    def show() -> Response:
        return render("admin/overview.html", url=admin.app.public_url)

    return pages
