"""`/setup/CONNECTION`: what an LMS administrator enters, with a button to copy each value.

Open to everybody, because nothing on it is worth hiding: the addresses are in every launch that a browser makes, and
the variables in the LMS's own documentation. No address, client id, key or secret of the LMS is shown.
`bridge.setup_pages: false` switches it off.

`/setup/CONNECTION/consent` is where a browser ends after a consent. What it carries is of use only together with the
secret of the OAuth client, in the terminal of whoever began.
"""

from __future__ import annotations

from flask import Blueprint, Response, abort, make_response, render_template

from bridge.install.guide import Addresses
from bridge.web.policy import permit
from bridge.web.services import AppServices


def setup_pages(services: AppServices) -> Blueprint:
    """The route of the setup pages."""
    pages = Blueprint("setup", __name__)

    @pages.get("/setup/<connection>")
    def setup(connection: str) -> Response:
        found = services.connections.find(connection) if services.configuration.bridge.setup_pages else None
        if found is None or found.adapter.installation is None:
            abort(404)
        addresses = Addresses(
            services.public_url,
            found.name,
            courses=bool(services.configuration.courses),
            grades=services.configuration.bridge.progress_token is not None,
        )
        page = render_template("setup.html", guide=found.adapter.installation(found.settings, addresses))
        return permit(make_response(page), scripts=True)

    @pages.get("/setup/<connection>/consent")
    def consent(connection: str) -> Response:
        found = services.connections.find(connection)
        if found is None or found.adapter.consent is None:
            abort(404)
        return permit(make_response(render_template("consent.html", lms=found.adapter.title, connection=found.name)))

    return pages
