"""Every page of the administrators, below one guard."""

from __future__ import annotations

from flask import Blueprint, Response, abort

from bridge.admin.roles import Role
from bridge.web.admin.access import go, guard, requires
from bridge.web.admin.accounts import account_pages
from bridge.web.admin.audit import audit_pages
from bridge.web.admin.connections import connection_pages
from bridge.web.admin.launches import launch_pages
from bridge.web.admin.new_connections import new_connection_pages
from bridge.web.admin.openid import openid_pages
from bridge.web.admin.overview import overview_pages
from bridge.web.admin.packages import package_pages
from bridge.web.admin.plans import plan_views
from bridge.web.admin.pushes import push_pages
from bridge.web.admin.quarantine import quarantine_pages
from bridge.web.admin.reference import reference_pages
from bridge.web.admin.scim_tokens import scim_token_pages
from bridge.web.admin.secrets import secret_pages
from bridge.web.admin.services import build_admin
from bridge.web.admin.showing import show_around
from bridge.web.admin.sign_in import sign_in_pages
from bridge.web.admin.sync import sync_pages
from bridge.web.admin.unmatched import unmatched_pages
from bridge.web.services import AppServices

PAGES = (
    overview_pages,
    sign_in_pages,
    openid_pages,
    launch_pages,
    reference_pages,
    connection_pages,
    new_connection_pages,
    package_pages,
    plan_views,
    quarantine_pages,
    push_pages,
    scim_token_pages,
    secret_pages,
    audit_pages,
    account_pages,
    unmatched_pages,
    sync_pages,
)
"""What makes the blueprint of each section, from `AdminServices`; its routes are below /admin."""


def admin_pages(services: AppServices) -> Blueprint:
    """The routes below `/admin`."""
    pages = Blueprint("admin", __name__, url_prefix="/admin", template_folder="templates", static_folder="static")
    admin = build_admin(services)
    guard(pages, admin)
    show_around(pages)
    for section in PAGES:
        pages.register_blueprint(section(admin))

    @pages.get("/")
    @requires(Role.VIEWER)
    def slash() -> Response:
        """What a browser makes of a bookmark, or somebody types."""
        return go("admin.overview.show")

    @pages.route("/<path:rest>", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    @requires(Role.VIEWER)
    def nothing(rest: str) -> Response:
        abort(404, f"No page is at /admin/{rest[:100]}.")

    return pages
