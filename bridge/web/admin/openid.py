"""Signing in at the school's identity provider."""

from __future__ import annotations

import logging

from flask import Blueprint, Response, request

from bridge import logs
from bridge.admin.accounts import TRIES_OF_ADDRESS
from bridge.admin.openid import LASTS, NotSignedIn, OpenIdProvider
from bridge.errors import LaunchRejected
from bridge.store import one_time
from bridge.web.admin.access import go, open_to_all, visit
from bridge.web.admin.services import AdminServices
from bridge.web.admin.showing import render
from bridge.web.admin.sign_in import OIDC, cookie_dropped, cookie_kept, enter, refuse, safe_next

log = logging.getLogger(__name__)

COOKIE = "-oidc"
HINT = "-oidc-hint"
"""Names the cookie by which the provider is told who signs out."""
CALLBACK = "/admin/sign-in/oidc/callback"
SIGNED_OUT = "/admin/sign-in"
"""Where the provider sends whoever has signed out there: it must be told of the address beforehand."""


def openid_pages(admin: AdminServices) -> Blueprint:
    """The routes of signing in at an identity provider; none where there is none."""
    pages = Blueprint("oidc", __name__)
    if admin.settings.oidc is None:
        return pages
    provider = OpenIdProvider(
        admin.settings.oidc,
        f"{admin.app.public_url}{CALLBACK}",
        admin.app.configuration.bridge.secret_key.get_secret_value(),
        admin.app.outbound,
        admin.app.now,
        lambda key, until: one_time.consume(admin.app.engine, key, until=until),
    )

    @pages.get("/sign-in/oidc")
    @open_to_all
    def begin() -> Response:
        try:
            admin.app.limits.count(TRIES_OF_ADDRESS, visit().address)
            url, cookie = provider.begin(safe_next(request.args.get("next", "")))
        except LaunchRejected:
            return refuse(admin, "Too many tries. Wait ten minutes, and try again.", 429)
        except NotSignedIn as error:
            return refuse(admin, str(error), 502)
        response = go("admin.sign_in.show")
        response.headers["Location"] = url
        cookie_kept(admin, response, COOKIE, cookie, lasts=int(LASTS))
        return response

    @pages.get("/sign-in/oidc/callback")
    @open_to_all
    def callback() -> Response:
        try:
            person, back = provider.finish(request.cookies.get(admin.cookie(COOKIE), ""), request.args)
        except NotSignedIn as error:
            logs.event(log, "a sign-in to /admin was refused", address=visit().address, why=str(error))
            return refuse(admin, str(error), 403)
        response = enter(admin, OIDC, person.who, person.role, back)
        if hint := provider.hint_for(person):
            cookie_kept(admin, response, HINT, hint)
        return response

    @pages.get("/sign-in/oidc/sign-out")
    @open_to_all
    def leave() -> Response:
        """After signing out here: there, too. A page and no redirect, which a form may not follow to another site."""
        return _leave(admin, provider)

    return pages


def _leave(admin: AdminServices, provider: OpenIdProvider) -> Response:
    if visit().signed_in is not None:
        return go("admin.overview.show")
    try:
        url = provider.sign_out(request.cookies.get(admin.cookie(HINT), ""), f"{admin.app.public_url}{SIGNED_OUT}")
    except NotSignedIn as error:
        log.warning("the identity provider was not asked to sign an administrator out: %s", error)
        url = ""
    title = provider.settings.title
    response = render("admin/signed_out.html", url=url, title=title) if url else go("admin.sign_in.show")
    cookie_dropped(admin, response, HINT)
    return response
