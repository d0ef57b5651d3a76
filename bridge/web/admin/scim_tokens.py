"""The tokens with which an identity provider pushes people: made and renewed, shown once, and revoked."""

from __future__ import annotations

from flask import Blueprint, Response, abort, request

from bridge.admin.roles import Role
from bridge.scim import tokens
from bridge.scim.tokens import GRACE, NAME_LENGTH
from bridge.store import scim_tokens
from bridge.store.scim_tokens import TokenRow
from bridge.web.admin.access import go, note, requires, say
from bridge.web.admin.connections import connection_of
from bridge.web.admin.services import AdminServices
from bridge.web.admin.showing import render
from bridge.web.scim import ROOT


def scim_token_pages(admin: AdminServices) -> Blueprint:
    """The routes of SCIM tokens."""
    pages = Blueprint("scim_tokens", __name__)
    engine, now = admin.app.engine, admin.app.now

    @pages.post("/connections/<name>/scim-tokens")
    @requires(Role.OWNER)
    def make(name: str) -> Response:
        _takes_pushes(admin, name)
        called = " ".join(request.form.get("token_name", "").split())
        if not 0 < len(called) <= NAME_LENGTH:
            abort(400, f"Say in 1 to {NAME_LENGTH} characters who is given the token, such as Entra ID.")
        row, token = tokens.make_another(engine, name, called, now())
        note("make_scim_token", connection=name, token=row.id, name=row.name)
        return _shown(admin, row, token)

    @pages.post("/connections/<name>/scim-tokens/<token>/rotate")
    @requires(Role.OWNER)
    def rotate(name: str, token: str) -> Response:
        old = _token(admin, name, token)
        made = tokens.renew(engine, old, now())
        if made is None:
            abort(409, "This token opens nothing any more; make a new one.")
        row, secret = made
        note("rotate_scim_token", connection=name, token=row.id, name=row.name, before=old.id)
        return _shown(admin, row, secret, until=min(now() + GRACE, old.expires_at or now() + GRACE))

    @pages.post("/connections/<name>/scim-tokens/<token>/revoke")
    @requires(Role.OWNER)
    def revoke(name: str, token: str) -> Response:
        row = _token(admin, name, token)
        if not scim_tokens.revoke(engine, name, row.id, now()):
            abort(409, "This token is revoked already.")
        note("revoke_scim_token", connection=name, token=row.id, name=row.name)
        say(f"The token {row.name or row.id} opens nothing any more.")
        return go("admin.connections.one", name=name, _anchor="tokens")

    return pages


def _takes_pushes(admin: AdminServices, name: str) -> None:
    if not connection_of(admin, name).adapter.takes_pushes:
        abort(400, f"Nobody pushes people to {name}: it is no SCIM connection.")


def _token(admin: AdminServices, name: str, token: str) -> TokenRow:
    _takes_pushes(admin, name)
    found = next((row for row in scim_tokens.every(admin.app.engine, name) if row.id == token), None)
    if found is None:
        abort(404, "There is no such token.")
    return found


def _shown(admin: AdminServices, row: TokenRow, token: str, until: float | None = None) -> Response:
    """The token itself, this once; `until` is when the one before it ends."""
    url = f"{admin.app.public_url}{ROOT}{row.connection}"
    return render("admin/scim_token.html", row=row, token=token, url=url, until=until)
