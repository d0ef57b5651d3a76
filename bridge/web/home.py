"""`/`: that this is OttoBridge, and that it is running."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, render_template

from bridge.web.services import AppServices


def home_pages(services: AppServices) -> Blueprint:
    """The route of the first page."""
    pages = Blueprint("home", __name__)
    has_admin = services.configuration.admin.enabled

    @pages.get("/")
    def show() -> Response:
        return make_response(render_template("home.html", has_admin=has_admin))

    return pages
