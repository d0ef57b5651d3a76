"""The secrets of a connection that the database keeps: which there are, and new ones in their place."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, abort, request
from pydantic import ValidationError

from bridge.admin.roles import Role
from bridge.config.encryption import DecryptionFailed
from bridge.config.stored_settings import StoredSettings
from bridge.web.admin.access import go, note, requires, say
from bridge.web.admin.connection_form import label_of, note_of, problems_of
from bridge.web.admin.services import AdminServices
from bridge.web.admin.showing import render

ALL: Final = "Type every secret anew: bridge.secret_key does not decrypt those that are stored."


def secret_pages(admin: AdminServices) -> Blueprint:
    """The routes of the secrets."""
    pages = Blueprint("secrets", __name__)

    @pages.get("/connections/<name>/secrets")
    @requires(Role.OWNER)
    def show(name: str) -> Response:
        return _form(admin, _kept(admin, name))

    @pages.post("/connections/<name>/secrets")
    @requires(Role.OWNER)
    def replace(name: str) -> Response:
        kept = _kept(admin, name)
        typed = {field.path: request.form.get(field.name, "").strip() for field, _ in kept.secrets()}
        given = {path: secret for path, secret in typed.items() if secret}
        if not given:
            return _form(admin, kept, {"": "Type at least one; a field left empty keeps the secret there is."}, 400)
        try:
            is_kept = admin.app.connections.replace_secrets(kept, given)
        except ValidationError as error:
            return _form(admin, kept, problems_of(error), 400)
        except DecryptionFailed:
            return _form(admin, kept, {"": ALL}, 400)
        if not is_kept:
            abort(409, f"Somebody has changed {name} meanwhile. Nothing was kept; look again.")
        note("replace_secrets", connection=name, secrets=", ".join(".".join(path) for path in given))
        say(f"Kept, and used from now on: {len(given)} of the secrets of {name}.")
        return go("admin.connections.one", name=name)

    return pages


def _kept(admin: AdminServices, name: str) -> StoredSettings:
    found = admin.app.connections.stored(name)
    if found is None:
        abort(
            404,
            f"The database keeps no connection {name[:64]}; what stands in the configuration file is changed there.",
        )
    return found


def _form(
    admin: AdminServices, kept: StoredSettings, problems: dict[str, str] | None = None, status: int = 200
) -> Response:
    name = kept.row.name
    return render(
        "admin/secrets.html",
        status,
        name=name,
        secrets=kept.secrets(),
        is_open=name in admin.app.connections,
        problems=problems or {},
        label_of=label_of,
        note_of=note_of,
    )
