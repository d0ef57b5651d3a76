"""Deep linking: the page on which a teacher picks a course, and the answer that goes back to the LMS."""

from __future__ import annotations

import msgspec
from flask import Blueprint, Response, make_response, render_template, request

from bridge.contracts import Kind
from bridge.courses import course_with
from bridge.lti.deep_linking import Selection, sign_answer
from bridge.settings import origin
from bridge.store import one_time
from bridge.web.house import House
from bridge.web.pages import answer
from bridge.web.policy import permit

PURPOSE = "deep linking"
CHOICE_LIVES = 3600.0
"""Seconds in which the teacher must have chosen."""


def deep_linking_pages(house: House) -> Blueprint:
    """The route that takes a teacher's choice."""
    pages = Blueprint("deep_linking", __name__)

    @pages.post("/lti/<connection>/choice")
    def choose(connection: str) -> Response:
        return _take_choice(house, connection)

    return pages


def offer_courses(house: House, name: str, selection: Selection) -> Response:
    """The page with the courses. Who holds the code in it may answer this one request, once."""
    code = house.token()
    kept = {"connection": name, "selection": msgspec.json.encode(selection).decode()}
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
    selection = msgspec.json.decode(kept["selection"], type=Selection)
    signed = sign_answer(
        selection,
        None if "cancel" in request.form else course,
        launch_url=f"{house.public_url}/lti/{name}/launch",
        key=house.own_keys.signing(),
        now=house.now(),
        token=house.token,
    )
    page = render_template("return.html", action=selection.return_url, token=signed)
    return permit(make_response(page), scripts=True, form_to=origin(selection.return_url), framed=True)
