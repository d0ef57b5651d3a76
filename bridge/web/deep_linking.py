"""Deep linking: the page on which a teacher picks a course, and the answer that goes back to the LMS."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from flask import Blueprint, Response, make_response, render_template, request

from bridge.contracts import Kind
from bridge.courses import Course, course_with
from bridge.lti.content_item import ItemSelection, sign_items
from bridge.lti.deep_linking import Selection, sign_answer
from bridge.lti.settings import Lti11
from bridge.settings import origin
from bridge.store import one_time
from bridge.web.house import House
from bridge.web.pages import answer
from bridge.web.policy import permit

PURPOSE = "deep linking"
Fields = Sequence[tuple[str, str]]
CHOICE_LIVES = 3600.0
"""Seconds in which the teacher must have chosen."""


def deep_linking_pages(house: House) -> Blueprint:
    """The route that takes a teacher's choice."""
    pages = Blueprint("deep_linking", __name__)

    @pages.post("/lti/<connection>/choice")
    def choose(connection: str) -> Response:
        return _take_choice(house, connection)

    return pages


def offer_courses(house: House, name: str, selection: Selection | ItemSelection) -> Response:
    """The page with the courses. Who holds the code in it may answer this one request, once."""
    code = house.token()
    kind = Kind.LTI13 if isinstance(selection, Selection) else Kind.LTI11
    kept = {"connection": name, "kind": kind.value, "selection": msgspec.json.encode(selection).decode()}
    one_time.keep(house.engine, PURPOSE, code, kept, until=house.now() + CHOICE_LIVES)
    page = render_template(
        "courses.html", courses=house.configuration.courses, code=code, action=f"{house.public_url}/lti/{name}/choice"
    )
    return permit(make_response(page), form_to=house.public_url, framed=True)


def _take_choice(house: House, name: str) -> Response:
    course = course_with(request.form.get("course", ""), house.configuration.courses)
    if course is None and "cancel" not in request.form:
        return answer(house.arrivals.refuse(name, Kind.LTI13, "malformed", "no course of ours was chosen"))
    kept = one_time.take(house.engine, PURPOSE, request.form.get("code", ""), now=house.now())
    if kept is None or kept["connection"] != name:
        return answer(house.arrivals.refuse(name, Kind.LTI13, "choice_unknown"))
    chosen, taken = (None if "cancel" in request.form else course), kept["selection"]
    if kept.get("kind", Kind.LTI13) == Kind.LTI13:
        return _go_back(*_response(house, name, msgspec.json.decode(taken, type=Selection), chosen))
    found = house.connections.find(name)
    lti11 = getattr(found.settings, "lti11", None) if found else None
    if lti11 is None:
        return answer(house.arrivals.refuse(name, Kind.LTI11, "not_allowed_here", f"{name} has no lti11 any more"))
    return _go_back(*_items(house, name, msgspec.json.decode(taken, type=ItemSelection), chosen, lti11))


def _response(house: House, name: str, selection: Selection, course: Course | None) -> tuple[str, Fields]:
    """LTI 1.3: where the answer goes, and its fields."""
    signed = sign_answer(
        selection,
        course,
        launch_url=f"{house.public_url}/lti/{name}/launch",
        key=house.own_keys.signing(),
        now=house.now(),
        token=house.token,
    )
    return selection.return_url, [("JWT", signed)]


def _items(
    house: House, name: str, selection: ItemSelection, course: Course | None, settings: Lti11
) -> tuple[str, Fields]:
    """LTI 1.1: the same."""
    launch_url = f"{house.public_url}/lti/{name}/launch"
    now, token = house.now(), house.token
    fields = sign_items(selection, course, launch_url=launch_url, settings=settings, now=now, token=token)
    return selection.return_url, fields


def _go_back(return_url: str, fields: Fields) -> Response:
    page = render_template("return.html", action=return_url, fields=fields)
    return permit(make_response(page), scripts=True, form_to=origin(return_url), framed=True)
