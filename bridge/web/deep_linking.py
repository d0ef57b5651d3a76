"""Deep linking: the page on which a teacher picks a course, and the answer that goes back to the LMS."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import msgspec
from flask import Blueprint, Response, make_response, render_template, request

from bridge.config.settings import origin
from bridge.contracts import Kind
from bridge.launch.courses import Course, course_with
from bridge.lti.content_item import ItemSelection, sign_items
from bridge.lti.deep_linking import Selection, sign_answer
from bridge.lti.settings import Lti11
from bridge.store import one_time
from bridge.web.pages import answer
from bridge.web.policy import permit
from bridge.web.presenting import language
from bridge.web.requests import note_reader
from bridge.web.services import AppServices

PURPOSE = "deep linking"
SEARCHED_FROM = 20
"""Courses from which on the list has a search."""
Fields = Sequence[tuple[str, str]]
CHOICE_LIVES = 3600.0
"""Seconds in which the teacher must have chosen."""


def deep_linking_pages(services: AppServices) -> Blueprint:
    """The route that takes a teacher's choice."""
    pages = Blueprint("deep_linking", __name__)

    @pages.post("/lti/<connection>/choice")
    def choose(connection: str) -> Response:
        return _take_choice(services, connection)

    return pages


def offer_courses(services: AppServices, name: str, selection: Selection | ItemSelection) -> Response:
    """The page with the courses. Who holds the code in it may answer this one request, once."""
    code = services.token()
    kind = Kind.LTI13 if isinstance(selection, Selection) else Kind.LTI11
    kept = {
        "connection": name,
        "kind": kind.value,
        "selection": msgspec.json.encode(selection).decode(),
        "language": language().tag,
    }
    one_time.keep(services.engine, PURPOSE, code, kept, until=services.now() + CHOICE_LIVES)
    courses = services.configuration.courses
    searchable = len(courses) >= SEARCHED_FROM
    page = render_template(
        "courses.html",
        courses=courses,
        searchable=searchable,
        code=code,
        action=f"{services.public_url}/lti/{name}/choice",
    )
    return permit(make_response(page), scripts=searchable, form_to=services.public_url, framed=True)


def _take_choice(services: AppServices, name: str) -> Response:
    course = course_with(request.form.get("course", ""), services.configuration.courses)
    if course is None and "cancel" not in request.form:
        return answer(services.launches.refuse(name, Kind.LTI13, "malformed", "no course of ours was chosen"))
    kept = one_time.take(services.engine, PURPOSE, request.form.get("code", ""), now=services.now())
    if kept is None or kept["connection"] != name:
        return answer(services.launches.refuse(name, Kind.LTI13, "choice_unknown"))
    note_reader(partial(str, kept.get("language", "")))
    chosen, taken = (None if "cancel" in request.form else course), kept["selection"]
    if kept.get("kind", Kind.LTI13) == Kind.LTI13:
        return _go_back(*_response(services, name, msgspec.json.decode(taken, type=Selection), chosen))
    found = services.connections.find(name)
    lti11 = getattr(found.settings, "lti11", None) if found else None
    if lti11 is None:
        return answer(services.launches.refuse(name, Kind.LTI11, "not_allowed_here", f"{name} has no lti11 any more"))
    return _go_back(*_items(services, name, msgspec.json.decode(taken, type=ItemSelection), chosen, lti11))


def _response(services: AppServices, name: str, selection: Selection, course: Course | None) -> tuple[str, Fields]:
    """LTI 1.3: where the answer goes, and its fields."""
    signed = sign_answer(
        selection,
        course,
        launch_url=f"{services.public_url}/lti/{name}/launch",
        key=services.own_keys.signing(),
        now=services.now(),
        token=services.token,
    )
    return selection.return_url, [("JWT", signed)]


def _items(
    services: AppServices, name: str, selection: ItemSelection, course: Course | None, settings: Lti11
) -> tuple[str, Fields]:
    """LTI 1.1: the same."""
    launch_url = f"{services.public_url}/lti/{name}/launch"
    now, token = services.now(), services.token
    fields = sign_items(selection, course, launch_url=launch_url, settings=settings, now=now, token=token)
    return selection.return_url, fields


def _go_back(return_url: str, fields: Fields) -> Response:
    page = render_template("return.html", action=return_url, fields=fields)
    return permit(make_response(page), scripts=True, form_to=origin(return_url), framed=True)
