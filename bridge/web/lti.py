"""LTI launches: `/lti/CONNECTION/login`, `/lti/CONNECTION/launch`, and `/lti/CONNECTION/proof` between the two."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from flask import Blueprint, Response, request

from bridge.contracts import Connection, Kind, Launch, LaunchRequest, Match, SignedClaims
from bridge.errors import LaunchRejected
from bridge.launch.redirect import SignInRedirect
from bridge.launch.service import LaunchRefused
from bridge.lti import v11, v13
from bridge.lti.content_item import ItemSelection, read_item_selection
from bridge.lti.deep_linking import Selection, read_selection
from bridge.lti.login import Login, begin
from bridge.lti.settings import Lti13
from bridge.lti.student import CLAIM, locale_of_claims, locale_of_form, roles, web_address
from bridge.store import courses
from bridge.store.one_time import consume
from bridge.web.deep_linking import offer_courses
from bridge.web.frames import start
from bridge.web.pages import answer, back_to_lms
from bridge.web.proof import Message, Unproved, ask_for_proof, read_proof
from bridge.web.requests import current_request, note_reader, read_request
from bridge.web.services import AppServices


def lti_pages(services: AppServices) -> Blueprint:
    """The routes of LTI launches."""
    pages = Blueprint("lti", __name__)

    @pages.route("/lti/<connection>/login", methods=["GET", "POST"])
    def login(connection: str) -> Response:
        with services.launches.reading(connection, Kind.LTI13):
            asked = current_request()
            plain = read_request(asked, services.public_url)
            fields = dict(plain.form or plain.query)
            found = _login(services, connection, fields)
        return start(found, connection, services.public_url, fields, asked.environ.get("HTTP_SEC_FETCH_DEST"))

    @pages.post("/lti/<connection>/launch")
    def launch(connection: str) -> Response:
        return _launch(services, connection)

    @pages.post("/lti/<connection>/proof")
    def proof(connection: str) -> Response:
        with services.launches.reading(connection, Kind.LTI13):
            message = read_proof(services, connection, request)
            if isinstance(message, Launch):  # nothing but the kept message knows who reads the answer
                note_reader(partial(str, message.locale), message.roles)
        return _go_on(services, connection, message)

    @pages.errorhandler(LaunchRefused)
    def refused(error: LaunchRefused) -> Response:
        if error.kind is Kind.LTI11 and error.result.return_url:
            return back_to_lms(error.result)  # LTI 1.3 knows no such way of telling the LMS: there the page has a link
        return answer(error.result)

    return pages


def _login(services: AppServices, name: str, fields: dict[str, str]) -> Login:
    _, settings = _lti13(services.connections.named(name))
    return begin(
        fields,
        settings,
        name,
        states=services.states,
        launch_url=f"{services.public_url}/lti/{name}/launch",
        now=services.now(),
        token=services.token,
    )


def _launch(services: AppServices, name: str) -> Response:
    asked = current_request()
    body = asked.get_data(cache=True)
    kind = Kind.LTI11 if b"oauth_" in body or b"lti_message_type=" in body else Kind.LTI13

    read = _read_v11 if kind is Kind.LTI11 else _read_v13
    with services.launches.reading(name, kind):
        message = read(services, services.connections.named(name), read_request(asked, services.public_url))
    return _go_on(services, name, message)


def _go_on(services: AppServices, name: str, message: Message | ItemSelection | Unproved) -> Response:
    """What comes after reading: a proof, a teacher's choice, or the way into OttoLearn."""
    match message:
        case Unproved():
            return ask_for_proof(services, name, message)
        case Selection() | ItemSelection():
            return offer_courses(services, name, message)
        case Launch():
            return answer(services.launches.complete(name, message, partial(_sign_in_redirect, services, name)))


def _sign_in_redirect(services: AppServices, name: str, match: Match, launch: Launch) -> SignInRedirect:
    if launch.takes_progress:
        services.reports.note(name, launch, match.learner.user_id, launch.course)
    return services.sign_in_redirect(match, launch.course)


def _lti13(connection: Connection[Any]) -> tuple[Callable[[SignedClaims, Any], Launch], Lti13]:
    """What reads the claims of its launches, and its settings. Raises LaunchRejected `not_allowed_here`."""
    read = connection.adapter.read_claims
    settings = connection.settings.lti13 if read else None
    if read is None or settings is None:
        raise LaunchRejected("not_allowed_here", f"{connection.name} has no lti13")
    return read, settings


def _read_v13(services: AppServices, connection: Connection[Any], plain: LaunchRequest) -> Message | Unproved:
    read, settings = _lti13(connection)
    claims, unproved = v13.verify(
        plain,
        settings,
        connection.name,
        states=services.states,
        find_key=services.keys.find,
        consume=partial(consume, services.engine),
        knows_deployment=lambda found: services.connections.takes_deployment(connection, found, services.now()),
        now=services.now(),
    )
    note_reader(partial(locale_of_claims, claims), claims[f"{CLAIM}roles"])
    _learn_course(services, connection, claims)
    try:
        if v13.message_type(claims) == v13.DEEP_LINKING:
            message: Message = read_selection(claims, services.configuration.courses)
        else:
            message = read(claims, connection.settings)
    except LaunchRejected as error:
        error.return_url = v13.return_url(claims)
        raise
    return Unproved(message, unproved, settings.auth_url) if unproved else message


def _learn_course(services: AppServices, connection: Connection[Any], claims: SignedClaims) -> None:
    """Remember where the members of this launch's course are listed, for the roster."""
    if connection.adapter.read_course is None:
        return
    if members := connection.adapter.read_course(claims, connection.settings):
        courses.learn(services.engine, connection.name, members, services.now())


def _read_v11(services: AppServices, connection: Connection[Any], plain: LaunchRequest) -> Launch | ItemSelection:
    if connection.adapter.read_form is None or connection.settings.lti11 is None:
        raise LaunchRejected("not_allowed_here", f"{connection.name} has no lti11")
    form = v11.verify(
        plain,
        connection.settings.lti11,
        now=services.now(),
        consume=partial(consume, services.engine),
    )
    note_reader(partial(locale_of_form, form), roles(form))
    try:
        if v11.message_type(form) == v11.ITEM_SELECTION:
            return read_item_selection(form, services.configuration.courses)
        launch = connection.adapter.read_form(form, connection.settings)
    except LaunchRejected as error:
        error.return_url = web_address(form.get(v11.RETURN_URL))
        raise
    return launch if connection.settings.lti11.user_id == "person" else replace(launch, record="")
