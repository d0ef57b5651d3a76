"""What is answered where no view could: a page, or JSON where a program asks, with a reference and one line in the log.

Nothing here may need what has failed: the page is in memory, and the record is written when it can be.
"""

from __future__ import annotations

import logging

from flask import Flask, Response, jsonify, make_response, request
from werkzeug.exceptions import HTTPException

from bridge import logs
from bridge.launch.service import LaunchRefused, LaunchResult
from bridge.web.packages import open_to_any_origin
from bridge.web.pages import answer, json_answer
from bridge.web.scim import ROOT, error_answer
from bridge.web.services import AppServices

log = logging.getLogger(__name__)

LAUNCHES = {"lti", "scorm", "aicc", "cmi5"}
"""What the paths of launches begin with; the connection's name follows."""
FROM_PAGES = "/scorm/"
"""What the rules begin with that a package's page asks, from the LMS's site."""
BY_PROGRAMS = {"progress.take", "oidc.token", "oidc.userinfo", "oidc.key_set", "oidc.discovery", "keys.key_set"}
SCIM_DETAILS = {
    404: "There is nothing at this address",
    405: "This address does not take this method",
    413: "The body is larger than 1 MiB",
}
_REASONS = {404: "not_found", 405: "method_not_allowed", 413: "too_large", 500: "internal"}


def answer_failures(app: Flask, services: AppServices) -> None:
    """Have `app` answer every failure and refusal in this way, and name each in the log."""

    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> Response:
        try:
            return _shown(_refusal(services, error))
        except Exception as failure:  # noqa: BLE001 -- it needed the database
            return failed(failure)

    @app.errorhandler(LaunchRefused)
    def ended(error: LaunchRefused) -> Response:
        return _shown(error.result)

    @app.errorhandler(Exception)
    def failed(error: Exception) -> Response:
        return _shown(services.launches.fail(connection_in(request.path), "", error))

    @app.after_request
    def told(response: Response) -> Response:
        if response.status_code >= 400 and not logs.is_logged():
            where = request.url_rule.rule if request.url_rule else "-"  # the path itself may hold a code
            logs.event(log, "request refused", status=response.status_code, method=request.method, route=where)
        return response


def connection_in(path: str) -> str:
    """The connection that a launch URL names, even one that is mistyped behind the name; else empty."""
    parts = path.split("/", 3)
    return parts[2] if len(parts) == 4 and parts[1] in LAUNCHES else ""


def _refusal(services: AppServices, error: HTTPException) -> LaunchResult:
    """A request that no view took: on record where it was meant for a connection of ours, else only told and logged."""
    reason, connection = _REASONS.get(error.code or 500, "malformed"), connection_in(request.path)
    if connection in services.connections:
        return services.launches.refuse(connection, "", reason, f"{request.method} {request.path[:200]}")
    services.metrics.count_refusal(reason)
    # where there is no page there is nothing to keep secret; elsewhere a path may hold a one-time code
    return services.launches.reject(reason, f"{request.method} {request.path[:200]}" if error.code == 404 else "")


def _shown(result: LaunchResult) -> Response:
    if request.path.startswith(ROOT):
        _, status = json_answer(result)
        words = SCIM_DETAILS.get(status, "The bridge cannot answer now; try again later")
        return error_answer(status, f"{words} (reference {result.reference})")
    from_page = request.url_rule is not None and request.url_rule.rule.startswith(FROM_PAGES)
    if not from_page and request.endpoint not in BY_PROGRAMS:
        return answer(result)
    body, status = json_answer(result)
    response = make_response(jsonify(body), status)
    return open_to_any_origin(response) if from_page else response
