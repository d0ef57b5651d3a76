"""Troubles: what keeps the page of a package from launching anybody, on record for the administrator.

Such a page knows no learner, and anybody who can open the course can post this: hence few a package and address, and no
more than one word of it is believed.
"""

from __future__ import annotations

from typing import Literal

import msgspec
from flask import Blueprint, Response, make_response, request

from bridge.contracts import Kind
from bridge.errors import LaunchRejected
from bridge.launch.rate_limits import TROUBLES_OF_PACKAGE, UNKNOWN_PACKAGES
from bridge.store.text import storable
from bridge.web.packages import open_to_any_origin
from bridge.web.requests import bearer
from bridge.web.services import AppServices

REASONS = {"no_lms": "scorm_api_missing", "lms_refused": "scorm_api_refused", "lms_silent": "scorm_api_silent"}
"""By the word that the page has for it."""


class _Posted(msgspec.Struct, frozen=True):
    """The body, by adapters/scorm/package/launch.js; words of later packages are told as what they are."""

    problem: str
    version: Literal["scorm12", "scorm2004"] = "scorm12"


def trouble_pages(services: AppServices) -> Blueprint:
    """The route that takes troubles."""
    pages = Blueprint("troubles", __name__)

    @pages.route("/scorm/<connection>/trouble", methods=["POST", "OPTIONS"], provide_automatic_options=False)
    def take(connection: str) -> Response:
        if request.method == "OPTIONS":
            return open_to_any_origin(make_response("", 204))
        with services.launches.reading(connection, _kind(request.get_data(cache=True))):
            raise _refusal(services, connection)

    return pages


def _refusal(services: AppServices, name: str) -> LaunchRejected:
    """What the page's launch ended with. Raises LaunchRejected where it is no page of ours that says so."""
    address = services.address_of(request)
    with services.limits.against_guesses(UNKNOWN_PACKAGES, name, address):
        package = services.packages.find(name, bearer(request))
    services.limits.count(TROUBLES_OF_PACKAGE, package.id, address)
    posted = _read_body(request.get_data(cache=True))
    site = storable(request.headers.get("Origin", ""), 100)
    return LaunchRejected(REASONS.get(posted.problem, "malformed"), f"package {package.id} on {site or 'no site'}")


def _kind(body: bytes) -> Kind:
    return Kind.SCORM2004 if b"scorm2004" in body else Kind.SCORM12


def _read_body(body: bytes) -> _Posted:
    try:
        return msgspec.json.decode(body, type=_Posted)
    except (ValueError, RecursionError) as error:
        raise LaunchRejected("malformed", "the body is not the JSON of a package's page") from error
