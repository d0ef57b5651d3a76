"""The OpenID Provider over HTTP: `/.well-known/openid-configuration` and `/oidc/…`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus

from flask import Blueprint, Response, jsonify, make_response, render_template, request

from bridge.contracts import LaunchRequest
from bridge.errors import LaunchRejected
from bridge.keys.own import MAX_AGE
from bridge.launch.rate_limits import FAILURES_OF_ADDRESS
from bridge.launch.redirect import SignInRedirect
from bridge.ottolearn.signin.oidc import Provider
from bridge.ottolearn.signin.oidc_claims import AUTHORIZE, END_SESSION, KEYS, TOKEN, USERINFO
from bridge.ottolearn.signin.oidc_grant import Reply
from bridge.web.cookies import set_cookies
from bridge.web.pages import answer, go
from bridge.web.requests import read_request
from bridge.web.services import AppServices

log = logging.getLogger(__name__)

DISCOVERY = "/.well-known/openid-configuration"


def oidc_pages(services: AppServices) -> Blueprint:
    """The provider's routes; none where learners come in another way."""
    pages = Blueprint("oidc", __name__)
    if services.provider is not None:
        _add_routes(pages, services, services.provider)
    return pages


def _add_routes(pages: Blueprint, services: AppServices, provider: Provider) -> None:
    @pages.get(DISCOVERY)
    def discovery() -> Response:
        return _public(provider.discovery())

    @pages.get(KEYS)
    def key_set() -> Response:
        return _public(provider.key_set())

    @pages.route(AUTHORIZE, methods=["GET", "POST"])
    def authorize() -> Response:
        return _answered(services, provider.authorize)

    @pages.post(TOKEN)
    def token() -> Response:
        address = services.address_of(request)
        try:
            services.limits.check(FAILURES_OF_ADDRESS, TOKEN, address)
        except LaunchRejected as error:
            return _too_many(error.detail)
        response = _answered(services, provider.token)
        if response.status_code == HTTPStatus.UNAUTHORIZED:
            services.limits.note(FAILURES_OF_ADDRESS, TOKEN, address)
        return response

    @pages.route(END_SESSION, methods=["GET", "POST"])
    def end_session() -> Response:
        return _signed_out(services, provider)

    @pages.route(USERINFO, methods=["GET", "POST"])
    def userinfo() -> Response:
        return _answered(services, provider.userinfo)


def _signed_out(services: AppServices, provider: Provider) -> Response:
    with services.launches.reading("", ""):
        asked = read_request(request, services.public_url)
    farewell = provider.end_session(asked)
    if farewell.url:
        return go(SignInRedirect(farewell.url, farewell.cookies))
    return set_cookies(make_response(render_template("signed_out.html")), farewell.cookies)


def _too_many(detail: str) -> Response:
    """An address that guesses the client's secret is not even listened to."""
    log.warning("wrong client secrets at the token endpoint: %s", detail)
    response = jsonify(error="invalid_client", error_description="Too many wrong client secrets; try again later.")
    response.headers["Cache-Control"] = "no-store"
    response.status_code = HTTPStatus.TOO_MANY_REQUESTS
    return response


def _answered(services: AppServices, ask: Callable[[LaunchRequest], Reply]) -> Response:
    try:
        reply = ask(read_request(request, services.public_url))
    except LaunchRejected as error:
        return answer(services.launches.refuse("", "", error.reason, error.detail))
    body = reply.body if isinstance(reply.body, str) else jsonify(dict(reply.body))
    response = make_response(body, reply.status)
    response.headers.update(reply.headers)
    return response


def _public(document: Mapping[str, object]) -> Response:
    response = jsonify(document)
    response.headers["Cache-Control"] = f"public, max-age={MAX_AGE}"
    return response
