"""`/setup/CONNECTION`: what an LMS administrator enters, with a button to copy each value.

Open to everybody, because nothing on it is worth hiding: the addresses are in every launch that a browser makes, and
the variables in the LMS's own documentation. No address, client id, key or secret of the LMS is shown.
`bridge.setup_pages: false` switches it off.
"""

from __future__ import annotations

from flask import Blueprint, Response, abort, make_response, render_template

from bridge.setup import Addresses
from bridge.web.house import House
from bridge.web.policy import permit


def setup_pages(house: House) -> Blueprint:
    """The route of the setup pages."""
    pages = Blueprint("setup", __name__)

    @pages.get("/setup/<connection>")
    def setup(connection: str) -> Response:
        found = house.connections.find(connection) if house.configuration.bridge.setup_pages else None
        if found is None or found.adapter.installation is None:
            abort(404)
        addresses = Addresses(
            house.public_url,
            found.name,
            courses=bool(house.configuration.courses),
            grades=house.configuration.bridge.progress_token is not None,
        )
        page = render_template("setup.html", sheet=found.adapter.installation(found.settings, addresses))
        return permit(make_response(page), scripts=True)

    return pages
