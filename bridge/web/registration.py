"""Dynamic registration: `/lti/register`, which an LMS opens in a frame for its administrator."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, render_template, request
from markupsafe import Markup

from bridge.errors import RegistrationRefused
from bridge.web.policy import permit
from bridge.web.services import AppServices


def registration_pages(services: AppServices) -> Blueprint:
    """The route of dynamic registration."""
    pages = Blueprint("registration", __name__)

    @pages.get("/lti/register")
    def register() -> Response:
        if request.method == "HEAD":  # a link scanner must not spend the invitation
            return make_response("", 405)
        try:
            name = services.registrar.register(request.args)
        except RegistrationRefused as error:
            return _page("registration_refused.html", 400, reason=str(error))
        return _page("registered.html", 200, named=Markup("<bdi><b>{}</b></bdi>").format(name))

    return pages


def _page(template: str, status: int, **words: str) -> Response:
    return permit(make_response(render_template(template, **words), status), scripts=True, framed=True)
