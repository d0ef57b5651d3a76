"""Progress: OttoLearn posts it to `/api/v1/progress`, and the page of a SCORM package asks for it while it is open."""

from __future__ import annotations

import hmac
from typing import Annotated

import msgspec
from flask import Blueprint, Response, jsonify, make_response, request

from bridge.errors import LaunchRejected
from bridge.launch.rate_limits import FAILURES_OF_ADDRESS, POLLS_OF_VISIT
from bridge.web.packages import open_to_any_origin
from bridge.web.requests import bearer
from bridge.web.services import AppServices

API = "the API"


class _Posted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a post; one of `student_id` and `user_id` (OttoLearn's) is needed."""

    connection: str
    progress: Annotated[float, msgspec.Meta(ge=0, le=1)]
    mastered: bool = False
    seconds: Annotated[int, msgspec.Meta(ge=0, le=10**9)] = 0
    student_id: str = ""
    user_id: Annotated[int, msgspec.Meta(ge=0, le=2**53)] = 0
    course: str = ""


class _Asked(msgspec.Struct, frozen=True):
    had: Annotated[int, msgspec.Meta(ge=0, le=2**31)] = 0


def progress_pages(services: AppServices) -> Blueprint:
    """The routes of progress."""
    pages = Blueprint("progress", __name__)

    @pages.post("/api/v1/progress")
    def take() -> Response:
        return _take(services)

    @pages.route("/scorm/<connection>/progress", methods=["POST", "OPTIONS"], provide_automatic_options=False)
    def tell_page(connection: str) -> Response:
        if request.method == "OPTIONS":
            return open_to_any_origin(make_response("", 204))
        return open_to_any_origin(_tell_page(services, connection))

    return pages


def _take(services: AppServices) -> Response:
    token = services.configuration.bridge.progress_token
    if token is None:
        return _no("not_found", "bridge.progress_token is not set", 404)
    address = services.address_of(request)
    try:
        services.limits.check(FAILURES_OF_ADDRESS, API, address)
    except LaunchRejected as error:
        return _no(error.reason, "too many wrong tokens", 429)
    if not hmac.compare_digest(bearer(request).encode(), token.get_secret_value().encode()):
        services.limits.note(FAILURES_OF_ADDRESS, API, address)
        return _no("unauthorized", "Authorization: Bearer, with bridge.progress_token", 401)
    try:
        posted = msgspec.json.decode(request.get_data(cache=True), type=_Posted)
    except (ValueError, RecursionError) as error:
        return _no("malformed", str(error), 400)
    if not posted.student_id and not posted.user_id:
        return _no("malformed", "Object missing `student_id` or `user_id`", 400)
    return _keep(services, posted)


def _keep(services: AppServices, posted: _Posted) -> Response:
    reported = services.reports.receive(
        posted.connection,
        student_id=posted.student_id,
        user_id=posted.user_id,
        course=posted.course,
        progress=posted.progress,
        mastered=posted.mastered,
        seconds=posted.seconds,
    )
    if reported is None:
        return _no("no_launch", "no launch of this person waits for progress", 404)
    return make_response(jsonify({"state": reported.state, "revision": reported.revision}), 202)


def _tell_page(services: AppServices, connection: str) -> Response:
    visit = services.reports.visit_of_page(bearer(request))
    if visit is None and services.reports.is_pending(bearer(request)):
        return make_response(jsonify({}), 200)
    if visit is None or visit.connection != connection:
        return _no("session_unknown", "", 403)
    try:
        services.limits.count(POLLS_OF_VISIT, str(visit.id))
        asked = msgspec.json.decode(request.get_data(cache=True), type=_Asked)
    except LaunchRejected as error:
        return _no(error.reason, "", 429)
    except (ValueError, RecursionError):
        return _no("malformed", "", 400)
    return make_response(jsonify(services.reports.news(visit, asked.had)), 200)


def _no(error: str, detail: str, status: int) -> Response:
    return make_response(jsonify({"error": error, "detail": detail}), status)
