"""The OpenID Provider over HTTP: `/.well-known/openid-configuration` and `/oidc/…`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus

from flask import Blueprint, Response, jsonify, make_response, render_template, request

from bridge.contracts import LaunchRequest
from bridge.errors import LaunchRejected
from bridge.keys.own import MAX_AGE
from bridge.launch import Landing
from bridge.ottolearn.signin.oidc import Provider
from bridge.ottolearn.signin.oidc_claims import AUTHORIZE, END_SESSION, KEYS, TOKEN, USERINFO
from bridge.ottolearn.signin.oidc_grant import Reply
from bridge.packages.limits import FAILURES_OF_ADDRESS
from bridge.wayin import WayIn
from bridge.web.cookies import set_cookies
from bridge.web.house import House, address_of
from bridge.web.pages import answer, go
from bridge.web.requests import read_request

log = logging.getLogger(__name__)

DISCOVERY = "/.well-known/openid-configuration"


def oidc_pages(house: House) -> Blueprint:
    """The provider's routes; none where learners come in another way."""
    pages = Blueprint("oidc", __name__)
    if house.provider is not None:
        _add_routes(pages, house, house.provider)
    return pages


def _add_routes(pages: Blueprint, house: House, provider: Provider) -> None:
    @pages.get(DISCOVERY)
    def discovery() -> Response:
        return _public(provider.discovery())

    @pages.get(KEYS)
    def key_set() -> Response:
        return _public(provider.key_set())

    @pages.route(AUTHORIZE, methods=["GET", "POST"])
    def authorize() -> Response:
        return _answered(house, provider.authorize)

    @pages.post(TOKEN)
    def token() -> Response:
        address = address_of(house, request)
        try:
            house.limits.check(FAILURES_OF_ADDRESS, TOKEN, address)
        except LaunchRejected as error:
            return _too_many(error.detail)
        response = _answered(house, provider.token)
        if response.status_code == HTTPStatus.UNAUTHORIZED:
            house.limits.note(FAILURES_OF_ADDRESS, TOKEN, address)
        return response

    @pages.route(END_SESSION, methods=["GET", "POST"])
    def end_session() -> Response:
        return _signed_out(house, provider)

    @pages.route(USERINFO, methods=["GET", "POST"])
    def userinfo() -> Response:
        return _answered(house, provider.userinfo)


def _signed_out(house: House, provider: Provider) -> Response:
    asked = house.arrivals.attempt("", "", lambda: read_request(request, house.public_url))
    if isinstance(asked, Landing):
        return answer(asked)
    farewell = provider.end_session(asked)
    if farewell.url:
        return go(WayIn(farewell.url, farewell.cookies))
    return set_cookies(make_response(render_template("signed_out.html")), farewell.cookies)


def _too_many(detail: str) -> Response:
    """An address that guesses the client's secret is not even listened to."""
    log.warning("wrong client secrets at the token endpoint: %s", detail)
    response = jsonify(error="invalid_client", error_description="Too many wrong client secrets; try again later.")
    response.headers["Cache-Control"] = "no-store"
    response.status_code = HTTPStatus.TOO_MANY_REQUESTS
    return response


def _answered(house: House, ask: Callable[[LaunchRequest], Reply]) -> Response:
    try:
        reply = ask(read_request(request, house.public_url))
    except LaunchRejected as error:
        return answer(house.arrivals.refuse("", "", error.reason, error.detail))
    body = reply.body if isinstance(reply.body, str) else jsonify(dict(reply.body))
    response = make_response(body, reply.status)
    response.headers.update(reply.headers)
    return response


def _public(document: Mapping[str, object]) -> Response:
    response = jsonify(document)
    response.headers["Cache-Control"] = f"public, max-age={MAX_AGE}"
    return response
