"""`/.well-known/security.txt` (RFC 9116): whom to tell of a hole in this bridge."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from flask import Blueprint, Response, abort, make_response

from bridge.web.services import AppServices

PLACE = "/.well-known/security.txt"
GOOD_FOR = timedelta(days=30)
"""The configuration that it is made from is in use now; a copy of it should not be believed for long (2.5.5)."""


def security_pages(services: AppServices) -> Blueprint:
    """The route; nothing is there where nobody is named."""
    pages = Blueprint("security_txt", __name__)

    @pages.get(PLACE)
    def security_txt() -> Response:
        bridge = services.configuration.bridge
        if not bridge.security_contact:
            abort(404)
        expires = datetime.fromtimestamp(services.now(), UTC) + GOOD_FOR
        lines = [f"Contact: {contact}" for contact in bridge.security_contact]
        lines += [f"Expires: {expires.isoformat(timespec='seconds').replace('+00:00', 'Z')}"]
        lines += [f"Canonical: {bridge.public_url}{PLACE}"]
        lines += [f"Policy: {bridge.security_policy}"] if bridge.security_policy else []
        response = make_response("\n".join((*lines, "")))
        response.content_type = "text/plain; charset=utf-8"  # section 3
        return response

    return pages
