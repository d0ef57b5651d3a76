"""Our own public keys, for LTI platforms: `/lti/jwks.json`."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from bridge.keys.own import MAX_AGE
from bridge.web.services import AppServices


def key_pages(services: AppServices) -> Blueprint:
    """The route of the key set."""
    pages = Blueprint("keys", __name__)

    @pages.get("/lti/jwks.json")
    def key_set() -> Response:
        response = jsonify(services.own_keys.key_set())
        response.headers["Cache-Control"] = f"public, max-age={MAX_AGE}"
        return response

    return pages
