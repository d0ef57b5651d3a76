"""Probes: what the page of a probe package found out about an LMS."""

from __future__ import annotations

import msgspec
from flask import Blueprint, Response, jsonify, make_response, request

from bridge.errors import LaunchRejected
from bridge.launch.rate_limits import UNKNOWN_PACKAGES
from bridge.reasons import REASONS
from bridge.store import probes
from bridge.store.probes import ProbeRow
from bridge.store.text import storable
from bridge.web.packages import open_to_any_origin
from bridge.web.requests import bearer
from bridge.web.services import AppServices

MAX_FINDINGS = 8 * 1024
"""Bytes."""


def probe_pages(services: AppServices) -> Blueprint:
    """The route that takes probes."""
    pages = Blueprint("probes", __name__)

    @pages.route("/scorm/<connection>/probe", methods=["POST", "OPTIONS"], provide_automatic_options=False)
    def take(connection: str) -> Response:
        if request.method == "OPTIONS":
            return open_to_any_origin(make_response("", 204))
        try:
            _take(services, connection)
        except LaunchRejected as error:
            refused = make_response(jsonify({"error": error.reason}), REASONS[error.reason].status)
            return open_to_any_origin(refused)
        return open_to_any_origin(make_response(jsonify({}), 200))

    return pages


def _take(services: AppServices, name: str) -> None:
    """Keep what a probe says; its site is noted, and waits for approval like that of any package."""
    with services.limits.against_guesses(UNKNOWN_PACKAGES, name, services.address_of(request)):
        package = services.packages.find(name, bearer(request))
    origin = storable(request.headers.get("Origin", ""), 255)
    services.packages.note_origin(package, origin)
    body = request.get_data(cache=True)
    if len(body) > MAX_FINDINGS:
        raise LaunchRejected("too_large", f"a probe of more than {MAX_FINDINGS} bytes")
    try:
        findings = msgspec.json.encode(msgspec.json.decode(body, type=dict[str, object]))
    except (ValueError, RecursionError) as error:
        raise LaunchRejected("malformed", "the body is not the JSON of a probe") from error
    probes.add(services.engine, ProbeRow(services.now(), name, origin, findings.decode()))
