"""New connections: by a guided form, kept like one that registered itself, or by an invitation to an LMS."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from typing import Any, Final, get_args
from urllib.parse import urlencode

from flask import Blueprint, Response, abort, request
from pydantic import ValidationError

from bridge.admin.roles import Role
from bridge.config.configuration import CONNECTION_NAME
from bridge.config.settings import origin_or_empty
from bridge.contracts import Adapter
from bridge.install.registration import INVITATION_LIVES, check_invitation, invite
from bridge.web.admin.access import go, note, requires, say
from bridge.web.admin.connections import addresses_of
from bridge.web.admin.services import AdminServices
from bridge.web.admin.showing import render

NAME: Final = "allowed as a name: lower-case letters, digits and hyphens"
TAKEN: Final = "a connection is called so already"
LTI13: Final = ("issuer", "client_id", "auth_url", "token_url", "jwks_url")


def new_connection_pages(admin: AdminServices) -> Blueprint:
    """The routes of new connections."""
    pages = Blueprint("new_connections", __name__)

    @pages.get("/new-connection")
    @requires(Role.OWNER)
    def show() -> Response:
        return _form(admin, request.args.get("adapter", ""), {}, {})

    @pages.post("/new-connection")
    @requires(Role.OWNER)
    def create() -> Response:
        form = request.form
        adapter = _adapter(admin, form.get("adapter", ""))
        name = form.get("name", "").strip()
        problems = _name_problems(admin, name)
        settings = _settings(adapter, form)
        try:
            adapter.settings.model_validate(settings)
        except ValidationError as error:
            problems |= _problems(error)
        if problems:
            return _form(admin, adapter.name, form, problems, 400)
        if not admin.app.connections.register(name, adapter, settings, admin.app.now()):
            return _form(admin, adapter.name, form, {"name": TAKEN}, 409)
        note("add_connection", connection=name, adapter=adapter.name)
        say(f"{name} is there. What its administrator enters stands below.")
        return go("admin.connections.one", name=name)

    @pages.post("/invitations")
    @requires(Role.OWNER)
    def invitation() -> Response:
        form = request.form
        adapter = _adapter(admin, form.get("adapter", ""))
        name = form.get("name", "").strip()
        problems = _name_problems(admin, name)
        platforms = tuple(line.strip() for line in form.get("platforms", "").splitlines() if line.strip())
        if not all(origin_or_empty(platform).startswith("https://") for platform in platforms):
            problems["platforms"] = "allowed: addresses that start with https://, one a line"
        if adapter.registration_request is None:
            problems["adapter"] = "this kind of LMS does not register itself"
        if problems:
            return _form(admin, "", form, {f"invited_{key}": words for key, words in problems.items()}, 400)
        until = admin.app.now() + INVITATION_LIVES
        made = check_invitation(name, adapter, None, tuple(map(origin_or_empty, platforms)), until)
        code = secrets.token_urlsafe(32)
        invite(admin.app.engine, made, code)
        note("invite", connection=name, adapter=adapter.name)
        wanted = (
            adapter.registration_request(made.student_id, addresses_of(admin, name))
            if adapter.registration_request
            else None
        )
        return render(
            "admin/invited.html",
            name=name,
            url=f"{admin.app.public_url}/lti/register?{urlencode({'invitation': code})}",
            until=until,
            where=wanted.where if wanted else "",
        )

    return pages


def _adapter(admin: AdminServices, name: str) -> Adapter[Any]:
    found = admin.app.connections.adapter(name)
    if found is None or not _can_be_formed(found):
        abort(400, "Choose a kind of LMS.")
    return found


def _can_be_formed(adapter: Adapter[Any]) -> bool:
    """Whether a connection can be made without a secret: those belong into the configuration file."""
    return adapter.read_claims is not None or adapter.build_package is not None


def _name_problems(admin: AdminServices, name: str) -> dict[str, str]:
    if re.fullmatch(CONNECTION_NAME, name) is None:
        return {"name": NAME}
    return {"name": TAKEN} if name in admin.app.connections else {}


def _settings(adapter: Adapter[Any], form: Mapping[str, str]) -> dict[str, Any]:
    """What the form says, as it would stand in the configuration; empty fields say nothing."""
    found: dict[str, Any] = {"student_id": form.get("student_id", "").strip()} if form.get("student_id") else {}
    if adapter.read_claims is not None:
        lti13: dict[str, Any] = {key: form[key].strip() for key in LTI13 if form.get(key, "").strip()}
        deployments = [line.strip() for line in form.get("deployment_ids", "").splitlines() if line.strip()]
        found["lti13"] = lti13 | ({"deployment_ids": deployments} if deployments else {"learn_deployments": True})
    else:
        found["package_origins"] = [
            line.strip() for line in form.get("package_origins", "").splitlines() if line.strip()
        ]
    return found


def _problems(error: ValidationError) -> dict[str, str]:
    """Each field's mistake, in words."""
    found = {}
    for mistake in error.errors(include_url=False, include_input=False):
        path = [str(step) for step in mistake["loc"] if isinstance(step, str)]
        words = "this is needed" if mistake["type"] == "missing" else mistake["msg"].removeprefix("Value error, ")
        found[path[-1] if path[-1:] != ["lti13"] else "deployment_ids"] = words
    return found


def _form(
    admin: AdminServices, chosen: str, form: Mapping[str, str], problems: Mapping[str, str], status: int = 200
) -> Response:
    adapters = [adapter for adapter in admin.app.connections.adapters() if _can_be_formed(adapter)]
    adapter = next((one for one in adapters if one.name == chosen), None)
    return render(
        "admin/new_connection.html",
        status,
        adapters=adapters,
        adapter=adapter,
        student_ids=_student_ids(adapter) if adapter else [],
        invitable=[one for one in adapters if one.registration_request],
        form=form,
        problems=problems,
    )


def _student_ids(adapter: Adapter[Any]) -> list[str]:
    """The values of `student_id`, the usual one first; one alone where it can be any."""
    field = adapter.settings.model_fields["student_id"]
    values = [value for value in get_args(field.annotation) if isinstance(value, str)]
    return sorted(values, key=lambda value: value != field.default) or [str(field.default)]
