"""The login inside an LMS's frame, where a browser may keep no cookie. Three ways to know it again at the launch:

1. A pair of cookies, one partitioned and one not; either is accepted. Enough outside frames, and in most browsers.
2. The platform's own storage, where it offers one (lti-cs-oidc, lti-pm-s): the page made here puts the secret there,
   and the page of `bridge.web.proof` fetches it.
3. Neither: the page offers to begin again in a window of its own, where the cookies are kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from flask import Blueprint, Response, make_response, render_template, request

from bridge.config.settings import origin
from bridge.launch.redirect import SignInRedirect, cookie_pair
from bridge.lti.login import Login
from bridge.lti.state import STATE_LIVES
from bridge.web.cookies import set_cookies
from bridge.web.pages import go
from bridge.web.policy import permit
from bridge.web.services import AppServices

FRAMES = {"iframe", "frame", "embed", "object"}
"""Values of Sec-Fetch-Dest (Fetch Metadata) that say: not a window of its own."""


def frame_pages(_: AppServices) -> Blueprint:
    """The route by which a login's page learns whether the cookie came back."""
    pages = Blueprint("frames", __name__)

    @pages.get("/lti/<connection>/cookie/<key>")
    def cookie(connection: str, key: str) -> Response:  # noqa: ARG001 -- the cookie's path names the connection
        return make_response("", 204 if {key, f"{key}-partitioned"} & set(request.cookies) else 404)

    return pages


def start(login: Login, name: str, public_url: str, fields: Mapping[str, str], destination: str | None) -> Response:
    """Send the browser to the platform: at once, or by a page where it may keep no cookie.

    `fields` are those of the login initiation, to begin again in a window of its own; `destination` is the browser's
    Sec-Fetch-Dest.
    """
    lives, path = int(STATE_LIVES), f"/lti/{name}/"
    cookies = cookie_pair(*login.cookie_names, login.secret, public_url=public_url, max_age=lives, path=path)
    if not _may_lose_cookies(login, destination):
        return go(SignInRedirect(login.url, cookies), 302)
    again = {field: value for field, value in fields.items() if field != "lti_storage_target"}
    page = render_template(
        "login.html",
        login=login,
        platform=origin(login.url),
        cookie_check=f"/lti/{name}/cookie/{login.storage_key}",
        own_window=f"/lti/{name}/login?{urlencode(again)}",
    )
    return set_cookies(permit(make_response(page), scripts=True, framed=True), cookies)


def _may_lose_cookies(login: Login, destination: str | None) -> bool:
    """Whether the browser is inside a frame; one too old to say so is taken for it where the platform stores for us."""
    return destination in FRAMES or (destination is None and bool(login.storage_target))
