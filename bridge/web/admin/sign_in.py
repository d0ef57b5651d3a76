"""Signing in and out. Whoever signs in gets a new session, whatever their browser brought: nobody can fix it before."""

from __future__ import annotations

import logging
import re
import secrets
from urllib.parse import unquote

from flask import Blueprint, Response, abort, request

from bridge import logs
from bridge.admin.accounts import TooManyTries
from bridge.admin.passwords import Busy
from bridge.admin.roles import Role
from bridge.store import admin_accounts
from bridge.store.admin_accounts import PASSWORD
from bridge.web.admin.access import CSRF, go, open_to_all, requires, signed_in, visit
from bridge.web.admin.services import AdminServices
from bridge.web.admin.showing import render

log = logging.getLogger(__name__)

FORM = "-form"
"""Names the cookie that says which browser was given the form."""
HOME = "/admin"
OIDC = "oidc"
"""The way of whoever has signed in at the identity provider."""
_OURS = re.compile(r"/admin(?:/[A-Za-z0-9._~/%@+:,-]*)?(?:\?[A-Za-z0-9._~/%@+:,&=*!'()$;?-]*)?")


def sign_in_pages(admin: AdminServices) -> Blueprint:
    """The routes of signing in and out."""
    pages = Blueprint("sign_in", __name__)

    @pages.get("/sign-in")
    @open_to_all
    def show() -> Response:
        if visit().signed_in:
            return _to(safe_next(request.args.get("next", "")))
        return _form(admin)

    @pages.post("/sign-in")
    @open_to_all
    def sign_in() -> Response:
        if not admin.settings.accounts:
            abort(404)
        if not admin.sessions.is_csrf_of(request.cookies.get(admin.cookie(FORM), ""), request.form.get(CSRF, "")):
            return _form(admin, "Your browser did not send the form's cookie. Please try again.", 400)
        name = request.form.get("name", "")
        try:
            account = admin.accounts.sign_in(name, request.form.get("password", ""), visit().address)
        except TooManyTries:
            return _form(admin, "Too many tries. Wait ten minutes, and try again.", 429)
        except Busy:
            return _form(admin, "Many are signing in at this moment. Try again in a few seconds.", 503)
        if account is None:
            logs.event(log, "a sign-in to /admin was refused", address=visit().address)
            return _form(admin, "No account has this name and this password.", 403)
        return enter(admin, PASSWORD, account.name, Role(account.role), request.form.get("next", ""))

    @pages.post("/sign-out")
    @requires(Role.VIEWER)
    def sign_out() -> Response:
        is_elsewhere = signed_in().way == OIDC and admin.settings.oidc is not None
        admin.sessions.end(signed_in().token)
        response = go("admin.oidc.leave" if is_elsewhere else "admin.sign_in.show")
        cookie_dropped(admin, response, "")
        return response

    return pages


def enter(admin: AdminServices, way: str, who: str, role: Role, back: str) -> Response:
    """Begin the session of whoever has just shown who they are."""
    token = admin.sessions.begin(way, who, role, instead_of=request.cookies.get(admin.cookie(), ""))
    admin.trail.note(who, role, "sign_in", address=visit().address, way=way)
    response = _to(safe_next(back))
    cookie_kept(admin, response, "", token)
    cookie_dropped(admin, response, FORM)
    return response


def safe_next(url: str) -> str:
    """Where to go after signing in: a page of ours below /admin, whatever was asked.

    A browser takes `%2e%2e` for `..` (WHATWG URL, section 4.4), and would go elsewhere on this host.
    """
    path = url.partition("?")[0]
    leads_up = any(unquote(part) in {"", ".", ".."} for part in path.split("/")[1:-1]) or unquote(path).endswith("/..")
    return url if _OURS.fullmatch(url) and not leads_up else HOME


def cookie_kept(admin: AdminServices, response: Response, name: str, value: str, lasts: int | None = None) -> None:
    """A cookie for this host alone, for as long as the browser is open or for `lasts` seconds."""
    secure = admin.app.is_secure
    response.set_cookie(
        admin.cookie(name), value, max_age=lasts, path="/", secure=secure, httponly=True, samesite="Lax"
    )


def cookie_dropped(admin: AdminServices, response: Response, name: str) -> None:
    """Have the browser forget such a cookie."""
    response.delete_cookie(admin.cookie(name), path="/", secure=admin.app.is_secure, httponly=True, samesite="Lax")


def refuse(admin: AdminServices, problem: str, status: int) -> Response:
    """The form again, with what went wrong."""
    return _form(admin, problem, status)


def browser_token(admin: AdminServices) -> str:
    """By what this browser is known before anybody is signed in; a new one where it has none."""
    return request.cookies.get(admin.cookie(FORM), "") or secrets.token_urlsafe(32)


def _form(admin: AdminServices, problem: str = "", status: int = 200) -> Response:
    token = browser_token(admin)
    response = render(
        "admin/sign_in.html",
        status,
        problem=problem,
        back=safe_next(request.values.get("next", "")),
        form_csrf=admin.sessions.csrf_of(token),
        name=request.form.get("name", "")[:64],
        accounts=admin.settings.accounts,
        provider=admin.settings.oidc.title if admin.settings.oidc else "",
        nobody=admin.settings.accounts and not admin_accounts.every(admin.app.engine),
    )
    cookie_kept(admin, response, FORM, token)
    return response


def _to(url: str) -> Response:
    response = go("admin.sign_in.show")
    response.headers["Location"] = url
    return response
