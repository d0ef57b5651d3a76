"""Launches of SCORM packages: what the page posts, and the one-time code with which its browser goes on."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import msgspec
from flask import Blueprint, Response, abort, jsonify, make_response, request

from bridge.contracts import Assurance, Connection, Kind, Launch, Match, Outcome
from bridge.errors import LaunchRejected
from bridge.launch.rate_limits import (
    LAUNCHES_OF_STUDENT,
    MISSES_OF_PACKAGE,
    MISSES_OF_STUDENT,
    STUDENTS_OF_PACKAGE,
    UNKNOWN_PACKAGES,
)
from bridge.launch.redirect import SignInRedirect
from bridge.launch.service import LaunchResult
from bridge.store import learners, one_time
from bridge.store.packages import PackageRow
from bridge.web.pages import answer, go, json_answer
from bridge.web.requests import bearer, current_request, read_request
from bridge.web.services import AppServices
from bridge.web.step_up import Waiting, send_to_provider

CODE_LIVES = 60.0
"""Seconds between a package's launch and its one-time code."""
PURPOSE = "launch code"
HANDOVER = "X-OttoBridge-Handover"
"""`post` in this header: the page hands the code over in a form, and not as a part of an address."""
BY_POST = "by post"
BY_ADDRESS = "by address"


def package_pages(services: AppServices) -> Blueprint:
    """The routes of package launches."""
    pages = Blueprint("packages", __name__)

    @pages.route("/scorm/<connection>/launch", methods=["POST", "OPTIONS"], provide_automatic_options=False)
    def scorm(connection: str) -> Response:
        if request.method == "OPTIONS":
            return open_to_any_origin(make_response("", 204))
        body, status = json_answer(_launch(services, connection))
        return open_to_any_origin(make_response(jsonify(body), status))

    @pages.post("/l")
    def spend_posted_code() -> Response:
        return _consume_code(services, BY_POST, request.form.get("code", ""))

    @pages.get("/l/<code>")
    def spend_code(code: str) -> Response:
        if request.method == "HEAD":  # a link scanner must not spend what the learner is about to open
            abort(405)
        return _consume_code(services, BY_ADDRESS, code)

    return pages


def open_to_any_origin(response: Response) -> Response:
    """Let the package's page read the answer. Which origin may launch is checked where it is refused in words; no
    cookie or other credential that a browser adds by itself is involved.
    """
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Access-Control-Allow-Headers"] = f"Authorization, Content-Type, {HANDOVER}"
    response.headers["Access-Control-Allow-Methods"] = "POST"
    response.headers["Access-Control-Max-Age"] = "600"
    return response


def _launch(services: AppServices, name: str) -> LaunchResult:
    kind = Kind.SCORM2004 if b"scorm2004" in request.get_data(cache=True) else Kind.SCORM12
    with services.launches.reading(name, kind):
        connection = services.connections.named(name)
        launch, package = _read(services, connection)
    stepped = connection.step_up is not None
    sign_in = partial(_hand_ticket if stepped else _hand_visit, services, name, package)
    # Nothing counts, nobody gets in, and nobody is made, before a provider has confirmed who it is.
    result = services.launches.complete(name, launch, sign_in, awaits=Assurance.CONFIRMED if stepped else None)
    if result.outcome == Outcome.NO_MATCH:
        _note_miss(services, package, launch.student.student_id)
    return result


def _read(services: AppServices, connection: Connection[Any]) -> tuple[Launch, PackageRow]:
    if connection.adapter.read_page is None:
        raise LaunchRejected("not_allowed_here", f"{connection.name} takes no package launches")
    package = _admit(services, connection)
    address = services.address_of(request)
    services.limits.check(MISSES_OF_PACKAGE, package.id, address)
    launch = connection.adapter.read_page(read_request(current_request(), services.public_url), connection.settings)
    # By address, too: whoever posts a colleague's ID again and again elsewhere must not keep them out.
    if services.limits.count(LAUNCHES_OF_STUDENT, connection.name, launch.student.student_id, address) == 1:
        services.limits.count(STUDENTS_OF_PACKAGE, package.id, address)
    return launch, package


def _hand_visit(services: AppServices, name: str, package: PackageRow, match: Match, launch: Launch) -> SignInRedirect:
    """What the page gets of a launch that counts."""
    visit = services.reports.note(name, launch, match.learner.user_id, package.course)
    return _hand_code(services, package, match, launch, services.reports.page_session(visit))


def _hand_ticket(services: AppServices, name: str, package: PackageRow, match: Match, launch: Launch) -> SignInRedirect:
    """The same of one that waits for its step-up: the page may ask, but hears nothing before the launch counts."""
    waiting = _waiting(services, name, match, launch, package)
    return _hand_code(services, package, match, launch, services.reports.page_session(waiting.ticket), waiting)


def _hand_code(
    services: AppServices,
    package: PackageRow,
    match: Match,
    launch: Launch,
    session: str,
    waiting: Waiting | None = None,
) -> SignInRedirect:
    redirect = BY_POST if request.headers.get(HANDOVER) == "post" else BY_ADDRESS
    origin = request.headers.get("Origin", "")
    code = keep_code(services, match, launch, origin=origin, redirect=redirect, package=package, waiting=waiting)
    if redirect == BY_ADDRESS:
        return SignInRedirect(f"{services.public_url}/l/{code}", session=session)
    return SignInRedirect(f"{services.public_url}/l", session=session, code=code)


def _note_miss(services: AppServices, package: PackageRow, student_id: str) -> None:
    """An ID that nobody has may be a guess; one and the same again is none."""
    who = package.id, services.address_of(request)
    if services.limits.note(MISSES_OF_STUDENT, *who, student_id) == 1:
        services.limits.note(MISSES_OF_PACKAGE, *who)


def _waiting(services: AppServices, name: str, match: Match, launch: Launch, package: PackageRow) -> Waiting:
    course, user_id = launch.course or package.course, str(match.learner.user_id)
    return Waiting(name, launch.kind, *launch.student, launch.return_url, user_id, course, services.token())


def _admit(services: AppServices, connection: Connection[object]) -> PackageRow:
    """The package that launches. An address that guesses tokens is not even listened to."""
    approved = getattr(connection.settings, "package_origins", ())
    origin = request.headers.get("Origin", "")
    with services.limits.against_guesses(UNKNOWN_PACKAGES, connection.name, services.address_of(request)):
        return services.packages.admit(connection.name, approved, bearer(request), origin)


class _Kept(NamedTuple):
    """What a code stands for."""

    user_id: str
    attribute: str
    course: str
    student_id: str
    origin: str
    package: str
    waiting: str
    """A launch that must be stepped up before it counts, JSON; empty where it may go on."""


def keep_code(
    services: AppServices,
    match: Match,
    launch: Launch,
    *,
    origin: str,
    redirect: str,
    package: PackageRow | None,
    waiting: Waiting | None = None,
) -> str:
    """A code that lets this learner in once; it cannot be spent in another way than `way`, nor from another site."""
    code = services.token()
    course = launch.course or (package.course if package else "")
    kept = _Kept(
        str(match.learner.user_id),
        match.attribute,
        course,
        launch.student.student_id,
        origin,
        package.id if package else "",
        msgspec.json.encode(vars(waiting)).decode() if waiting else "",
    )
    one_time.keep(services.engine, f"{PURPOSE} {redirect}", code, kept._asdict(), until=services.now() + CODE_LIVES)
    return code


def _consume_code(services: AppServices, redirect: str, code: str) -> Response:
    found = one_time.take(services.engine, f"{PURPOSE} {redirect}", code, now=services.now())
    kept = _Kept(**found) if found else None
    if kept is not None and redirect == BY_POST and request.headers.get("Origin", "") != kept.origin:
        return answer(services.launches.refuse("", "", "code_other_site"))
    learner = learners.learner(services.engine, int(kept.user_id)) if kept else None
    # Who has left within the minute may not enter; the next launch says why.
    if kept is None or learner is None or not (learner.active and learner.attributes.get(kept.attribute)):
        return answer(services.launches.refuse("", "", "code_unknown"))
    if kept.waiting:
        return send_to_provider(services, Waiting(**msgspec.json.decode(kept.waiting)))
    return go(services.sign_in_redirect(Match(learner, kept.attribute), kept.course))
