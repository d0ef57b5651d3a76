"""Who may ask for which page, and what every form must bring.

Each view says by `@requires(Role.…)` or `@open_to_all` who may; what says neither is refused to everybody.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, current_app, g, redirect, request, url_for

from bridge.admin.roles import Role
from bridge.admin.sessions import SignedIn
from bridge.web.admin.services import AdminServices

View = TypeVar("View", bound=Callable[..., Any])
MARK: Final = "open_to"
"""The attribute in which a view says who may ask for it: a `Role`, or `EVERYBODY`."""
EVERYBODY: Final = "everybody"
UNATTENDED: Final = "unattended"
"""The attribute of a view that pages ask for by themselves; and the query that says that a page was loaded so."""
SAFE: Final = {"GET", "HEAD"}
CSRF: Final = "csrf"
"""The field by which a form shows that this browser was given it."""


def requires(role: Role) -> Callable[[View], View]:
    """Only whoever is signed in with this role, or one that may more, gets the view."""

    def marked(view: View) -> View:
        setattr(view, MARK, role)
        return view

    return marked


def open_to_all(view: View) -> View:
    """Everybody gets the view; it must check by itself what its forms bring."""
    setattr(view, MARK, EVERYBODY)
    return view


def unattended(view: View) -> View:
    """Pages ask for the view by themselves: whoever is signed in may be away, and it keeps no session alive."""
    setattr(view, UNATTENDED, True)
    return view


@dataclass(frozen=True)
class Visit:
    """The request at hand."""

    admin: AdminServices
    signed_in: SignedIn | None
    address: str


def visit() -> Visit:
    """The request at hand."""
    found: Visit = g.admin_visit
    return found


def signed_in() -> SignedIn:
    """Who asks; only for views that require a role."""
    found = visit().signed_in
    if found is None:
        abort(401)
    return found


def note(act: str, *, connection: str = "", student_id: str = "", **details: object) -> None:
    """Put down in the audit list what whoever asks has done. No secret is among the details."""
    who, here = signed_in(), visit()
    here.admin.trail.note(
        who.who, who.role, act, connection=connection, student_id=student_id, address=here.address, **details
    )


def say(text: str, kind: str = "good") -> None:
    """Let the next page say `text`: `good`, `bad`, or `note`."""
    visit().admin.sessions.say_next(signed_in(), kind, text)


def guard(pages: Blueprint, admin: AdminServices) -> None:
    """Let nobody past who may not; of `pages` and those below them."""

    @pages.url_value_preprocessor
    def begin(endpoint: str | None, values: dict[str, Any] | None) -> None:
        """Before anything can fail: the page that says so is one of ours, for nobody in particular."""
        del endpoint, values
        g.admin_visit = Visit(admin, None, admin.app.address_of(request))

    @pages.before_request
    def check() -> Response | None:
        if request.endpoint == f"{pages.name}.static":
            return None
        address = visit().address
        if _holds_nul():
            abort(400, "The request holds a character that no text has.")
        if not admin.app.is_secure and not _is_here(admin, address):
            abort(403, "These pages need https: bridge.public_url begins with http.")
        view = current_app.view_functions.get(request.endpoint or "")
        is_use = not getattr(view, UNATTENDED, False) and UNATTENDED not in request.args
        who = admin.sessions.find(request.cookies.get(admin.cookie(), ""), is_use=is_use)
        g.admin_visit = Visit(admin, who, address)
        return _refusal(admin, g.admin_visit.signed_in, getattr(view, MARK, None))


def _refusal(admin: AdminServices, who: SignedIn | None, needed: Role | str | None) -> Response | None:
    """What is answered instead of the page; None where whoever asks may have it."""
    if request.method not in SAFE and not is_from_here(admin):
        abort(400, "The form was sent from another site.")
    if needed == EVERYBODY:
        return None
    if who is None:
        back = request.full_path.rstrip("?") if request.method in SAFE else None
        return _redirect(url_for("admin.sign_in.show", next=back))
    if not isinstance(needed, Role) or not who.role.may(needed):
        abort(403, f"This needs the role {needed}; you are signed in as {who.role}.")
    if request.method not in SAFE and not admin.sessions.is_csrf_of(who.token, request.form.get(CSRF, "")):
        abort(400, "The form was not made for this session. Go back, reload the page, and send it again.")
    return None


def _holds_nul() -> bool:
    """Whether something that was typed holds U+0000, which no database takes for text."""
    form = () if request.method in SAFE else request.form.items(multi=True)
    typed = (*request.args.items(multi=True), *form, *(request.view_args or {}).items())
    return any("\0" in str(value) for _, value in typed)


def is_from_here(admin: AdminServices) -> bool:
    """Whether the browser says that one of our own pages sent the form; one that says nothing may be an old one."""
    origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site")
    return (origin is None or origin == admin.app.public_url) and site in {None, "same-origin", "none"}


def _is_here(admin: AdminServices, address: str) -> bool:
    """Whether a plain http request comes from this very machine, to the name that it has for itself."""
    try:
        is_loopback = ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
    return is_loopback and admin.app.is_local and request.host == urlsplit(admin.app.public_url).netloc


def _redirect(url: str) -> Response:
    return redirect(url, 303)  # type: ignore[return-value]  # of Flask's own class


def go(endpoint: str, **values: Any) -> Response:
    """After a form: to the page of this endpoint, so that a reload sends nothing twice."""
    return _redirect(url_for(endpoint, **values))
