"""LTI launches: `/lti/CONNECTION/login`, `/lti/CONNECTION/launch`, and `/lti/CONNECTION/proof` between the two."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from flask import Blueprint, Response, request

from bridge.contracts import Connection, Kind, Launch, LaunchRequest, SignedClaims
from bridge.errors import LaunchRejected
from bridge.launch import Landing
from bridge.learners.directory import Match
from bridge.lti import v11, v13
from bridge.lti.content_item import ItemSelection, read_item_selection
from bridge.lti.deep_linking import Selection, read_selection
from bridge.lti.login import Login, begin
from bridge.lti.wayback import way_back
from bridge.store import courses
from bridge.store.one_time import spend
from bridge.wayin import WayIn
from bridge.web.deep_linking import offer_courses
from bridge.web.frames import start
from bridge.web.house import House, connection_named
from bridge.web.pages import answer, back_to_lms
from bridge.web.proof import Message, Unproved, ask_for_proof, read_proof
from bridge.web.requests import read_request


def lti_pages(house: House) -> Blueprint:
    """The routes of LTI launches."""
    pages = Blueprint("lti", __name__)

    @pages.route("/lti/<connection>/login", methods=["GET", "POST"])
    def login(connection: str) -> Response:
        plain = house.arrivals.attempt(connection, Kind.LTI13, lambda: read_request(request, house.public_url))
        if isinstance(plain, Landing):
            return answer(plain)
        fields = dict(plain.form or plain.query)
        found = house.arrivals.attempt(connection, Kind.LTI13, lambda: _login(house, connection, fields))
        return answer(found) if isinstance(found, Landing) else start(found, connection, house.public_url, fields)

    @pages.post("/lti/<connection>/launch")
    def launch(connection: str) -> Response:
        return _launch(house, connection)

    @pages.post("/lti/<connection>/proof")
    def proof(connection: str) -> Response:
        message = house.arrivals.attempt(connection, Kind.LTI13, lambda: read_proof(house, connection, request))
        return _go_on(house, connection, message)

    return pages


def _login(house: House, name: str, fields: dict[str, str]) -> Login:
    settings = connection_named(house, name).settings.lti13
    if settings is None:
        raise LaunchRejected("not_allowed_here", f"{name} has no lti13")
    return begin(
        fields,
        settings,
        name,
        states=house.states,
        launch_url=f"{house.public_url}/lti/{name}/launch",
        now=house.now(),
        token=house.token,
    )


def _launch(house: House, name: str) -> Response:
    body = request.get_data(cache=True)
    kind = Kind.LTI11 if b"oauth_" in body or b"lti_message_type=" in body else Kind.LTI13

    def read() -> Message | ItemSelection | Unproved:
        connection = connection_named(house, name)
        plain = read_request(request, house.public_url)
        return _read_v11(house, connection, plain) if kind is Kind.LTI11 else _read_v13(house, connection, plain)

    message = house.arrivals.attempt(name, kind, read)
    if kind is Kind.LTI11 and isinstance(message, Landing) and message.return_url:
        return back_to_lms(message)  # LTI 1.3 knows no such way of telling the LMS: there the page has a link
    return _go_on(house, name, message)


def _go_on(house: House, name: str, message: Message | ItemSelection | Unproved | Landing) -> Response:
    """What comes after reading: a proof, a teacher's choice, or the way into OttoLearn."""
    match message:
        case Landing():
            return answer(message)
        case Unproved():
            return ask_for_proof(house, name, message)
        case Selection() | ItemSelection():
            return offer_courses(house, name, message)
        case Launch():
            return answer(house.arrivals.admit(name, message, partial(_way_in, house, name)))


def _way_in(house: House, name: str, match: Match, launch: Launch) -> WayIn:
    house.reports.note(name, launch, match.learner.user_id, launch.course)
    return house.way_in(match, launch.course)


def _read_v13(house: House, connection: Connection[Any], plain: LaunchRequest) -> Message | Unproved:
    settings = connection.settings.lti13 if connection.adapter.read_claims else None
    if connection.adapter.read_claims is None or settings is None:
        raise LaunchRejected("not_allowed_here", f"{connection.name} has no lti13")
    claims, unproved = v13.verify(
        plain,
        settings,
        connection.name,
        states=house.states,
        find_key=house.keys.find,
        spend=lambda key, until: spend(house.engine, key, until=until),
        knows_deployment=lambda found: house.connections.takes_deployment(connection, found, house.now()),
        now=house.now(),
    )
    _learn_course(house, connection, claims)
    with way_back(v13.return_url(claims)):
        if v13.message_type(claims) == v13.DEEP_LINKING:
            message: Message = read_selection(claims, house.configuration.courses)
        else:
            message = connection.adapter.read_claims(claims, connection.settings)
    return Unproved(message, unproved, settings.auth_url) if unproved else message


def _learn_course(house: House, connection: Connection[Any], claims: SignedClaims) -> None:
    """Remember where the members of this launch's course are listed, for the roster."""
    if connection.adapter.read_course is None:
        return
    if members := connection.adapter.read_course(claims, connection.settings):
        courses.learn(house.engine, connection.name, members, house.now())


def _read_v11(house: House, connection: Connection[Any], plain: LaunchRequest) -> Launch | ItemSelection:
    if connection.adapter.read_form is None or connection.settings.lti11 is None:
        raise LaunchRejected("not_allowed_here", f"{connection.name} has no lti11")
    form = v11.verify(
        plain,
        connection.settings.lti11,
        now=house.now(),
        spend=lambda key, until: spend(house.engine, key, until=until),
    )
    with way_back(form.get(v11.RETURN_URL)):
        if v11.message_type(form) == v11.ITEM_SELECTION:
            return read_item_selection(form, house.configuration.courses)
        launch = connection.adapter.read_form(form, connection.settings)
    return launch if connection.settings.lti11.user_id == "person" else replace(launch, record="")
