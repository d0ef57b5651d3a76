"""Pages of administrators: rendered with who is signed in, and the headers that all of them carry."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from flask import Blueprint, Response, current_app, make_response, render_template, request, url_for
from markupsafe import Markup
from werkzeug.exceptions import HTTPException

from bridge.admin.roles import Role
from bridge.web.admin import formatting
from bridge.web.admin.access import CSRF, visit
from bridge.web.policy import permit

STATIC: Final = Path(__file__).parent / "static"
IMMUTABLE: Final = "public, max-age=31536000, immutable"
TITLES: Final = {
    400: "This form cannot be taken",
    401: "Sign in again",
    403: "You may not do this",
    404: "There is nothing here",
    405: "There is nothing here",
    409: "Somebody was faster",
    413: "That is too large",
    429: "Too many tries",
}


class Section(NamedTuple):
    """An entry of the navigation."""

    title: str
    endpoint: str
    role: Role = Role.VIEWER


SECTIONS: Final = (
    Section("Overview", "admin.overview.show"),
    Section("Launches", "admin.launches.show"),
    Section("Unmatched", "admin.unmatched.show"),
    Section("Sync", "admin.sync.show"),
    Section("Connections", "admin.connections.show"),
    Section("Audit", "admin.audit.show"),
    Section("Administrators", "admin.accounts.show", Role.OWNER),
)
"""Shown where there is such a page, in this order."""


def render(template: str, status: int = 200, **values: Any) -> Response:
    """A page of administrators: `admin/NAME.html`, which extends `admin/layout.html`."""
    here = visit()
    page = make_response(render_template(template, **values), status)
    if here.signed_in and here.signed_in.messages:
        here.admin.sessions.forget_messages(here.signed_in)
    return page


def show_around(pages: Blueprint) -> None:
    """Give the templates what all pages show, and all answers their headers."""

    @pages.context_processor
    def values() -> dict[str, Any]:
        who = visit().signed_in
        return {
            "me": who,
            "sections": _sections(who.role if who else None),
            "csrf": _csrf,
            "asset": _asset,
            "may": lambda role: who is not None and who.role.may(Role(role)),
            "has": lambda endpoint: endpoint in current_app.view_functions,
            "now": visit().admin.app.now(),
            **formatting.FUNCTIONS,
        }

    @pages.after_request
    def guarded(response: Response) -> Response:
        if request.endpoint == f"{pages.name}.static":
            response.headers["Cache-Control"] = IMMUTABLE if "v" in request.args else "no-cache"
            return response
        if "Content-Security-Policy" not in response.headers:
            permit(response, scripts=True, form_to="'self'")
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        response.headers["Referrer-Policy"] = "same-origin"  # with none at all, a form would not say where it is from
        response.headers["X-Frame-Options"] = "DENY"
        response.headers["Cache-Control"] = "no-store"
        return response

    @pages.errorhandler(HTTPException)
    def refused(error: HTTPException) -> Response:
        if error.response is not None:
            return error.response  # type: ignore[return-value]  # of Flask's own class
        status = error.code or 500
        return render("admin/error.html", status, title=TITLES.get(status, "That did not work"), text=_said(error))


def _said(error: HTTPException) -> str:
    ours = error.description and error.description != type(error).description
    return error.description or "" if ours else ""


def _sections(role: Role | None) -> list[tuple[Section, bool]]:
    here = (request.endpoint or "").rpartition(".")[0]
    return [
        (section, section.endpoint.rpartition(".")[0] == here)
        for section in SECTIONS
        if role is not None and role.may(section.role) and section.endpoint in current_app.view_functions
    ]


def _csrf() -> Markup:
    who = visit().signed_in
    field = Markup('<input type="hidden" name="{}" value="{}">')
    return field.format(CSRF, who.csrf if who else "")


def _asset(name: str) -> str:
    return url_for("admin.static", filename=name, v=_version(name))


@cache
def _version(name: str) -> str:
    """Another one for other content, so that browsers may keep what they have."""
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
