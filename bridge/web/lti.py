"""LTI launches: `/lti/CONNECTION/login` and `/lti/CONNECTION/launch`."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, make_response, redirect, request

from bridge.contracts import Connection, Kind, Launch, LaunchRequest
from bridge.directory import Match
from bridge.errors import LaunchRejected
from bridge.launch import Landing
from bridge.lti import v11, v13
from bridge.store.one_time import spend
from bridge.web.house import House, connection_named
from bridge.web.pages import answer
from bridge.web.requests import read_request


def lti_pages(house: House) -> Blueprint:
    """The routes of LTI launches."""
    pages = Blueprint("lti", __name__)

    @pages.route("/lti/<connection>/login", methods=["GET", "POST"])
    def login(connection: str) -> Response:
        try:
            found = _login(house, connection)
        except LaunchRejected as error:
            return answer(house.arrivals.refuse(connection, Kind.LTI13, error.reason, error.detail))
        response = make_response(redirect(found.url, 302))
        _set_cookies(response, found, house.public_url, f"/lti/{connection}/launch")
        return response

    @pages.post("/lti/<connection>/launch")
    def launch(connection: str) -> Response:
        return answer(_land(house, connection))

    return pages


def _login(house: House, name: str) -> v13.Login:
    plain = read_request(request, house.public_url)
    settings = connection_named(house, name).settings.lti13
    if settings is None:
        raise LaunchRejected("not_allowed_here", f"{name} has no lti13")
    return v13.begin(
        dict(plain.form or plain.query),
        settings,
        name,
        states=house.states,
        launch_url=f"{house.public_url}/lti/{name}/launch",
        now=house.now(),
        token=house.token,
    )


def _land(house: House, name: str) -> Landing:
    body = request.get_data(cache=True)
    kind = Kind.LTI11 if b"oauth_" in body or b"lti_message_type=" in body else Kind.LTI13

    def read() -> Launch:
        connection = connection_named(house, name)
        plain = read_request(request, house.public_url)
        return _read_v11(house, connection, plain) if kind is Kind.LTI11 else _read_v13(house, connection, plain)

    def way_in(match: Match, _: Launch) -> str:
        return house.way_in(match.learner, match.learner.attributes[match.attribute])

    return house.arrivals.land(name, kind, read, way_in)


def _set_cookies(response: Response, login: v13.Login, public_url: str, launch_path: str) -> None:
    """Mark the browser. Inside an LMS's frame it keeps the partitioned cookie or the other; either is accepted.

    Over plain http (a bridge that is tried out on one machine) browsers take neither, so there it is a plain one.
    """
    plain, partitioned = login.cookie_names
    options: dict[str, Any] = {"max_age": int(v13.STATE_LIVES), "path": launch_path, "httponly": True}
    if public_url.startswith("https:"):
        secure = {**options, "secure": True, "samesite": "None"}
        response.set_cookie(plain, login.cookie_value, **secure)
        response.set_cookie(partitioned, login.cookie_value, **secure, partitioned=True)
    else:
        response.set_cookie(plain, login.cookie_value, **options, samesite="Lax")


def _read_v13(house: House, connection: Connection[Any], plain: LaunchRequest) -> Launch:
    if connection.adapter.read_claims is None or connection.settings.lti13 is None:
        raise LaunchRejected("not_allowed_here", f"{connection.name} has no lti13")
    claims = v13.verify(
        plain,
        connection.settings.lti13,
        connection.name,
        states=house.states,
        find_key=house.keys.find,
        spend=lambda key, until: spend(house.engine, key, until=until),
        now=house.now(),
    )
    return connection.adapter.read_claims(claims, connection.settings)


def _read_v11(house: House, connection: Connection[Any], plain: LaunchRequest) -> Launch:
    if connection.adapter.read_form is None or connection.settings.lti11 is None:
        raise LaunchRejected("not_allowed_here", f"{connection.name} has no lti11")
    form = v11.verify(
        plain,
        connection.settings.lti11,
        now=house.now(),
        spend=lambda key, until: spend(house.engine, key, until=until),
    )
    return connection.adapter.read_form(form, connection.settings)
