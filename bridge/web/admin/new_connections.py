"""New connections: by a guided form, kept like one that registered itself, or by an invitation to an LMS."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple, get_args
from urllib.parse import urlencode

from flask import Blueprint, Response, abort, request
from pydantic import ValidationError

from bridge.admin.roles import Role
from bridge.config.configuration import CONNECTION_NAME
from bridge.config.settings import origin_or_empty
from bridge.contracts import Adapter
from bridge.install.registration import INVITATION_LIVES, check_invitation, invite
from bridge.web.admin.access import go, note, requires, say
from bridge.web.admin.connection_form import (
    NOTES,
    ROSTER,
    can_be_formed,
    groups_of,
    label_of,
    note_of,
    problems_of,
    read_form,
)
from bridge.web.admin.connections import addresses_of
from bridge.web.admin.services import AdminServices
from bridge.web.admin.showing import render

NAME: Final = "allowed as a name: lower-case letters, digits and hyphens"
TAKEN: Final = "a connection is called so already"


class Choice(NamedTuple):
    """An LMS that can be added: what people call it, its adapter, and its preset there."""

    title: str
    adapter: str
    preset: str = ""


def new_connection_pages(admin: AdminServices) -> Blueprint:
    """The routes of new connections."""
    pages = Blueprint("new_connections", __name__)

    @pages.get("/new-connection")
    @requires(Role.OWNER)
    def show() -> Response:
        return _form(admin, request.args.get("adapter", ""), {"preset": request.args.get("preset", "")}, {})

    @pages.post("/new-connection")
    @requires(Role.OWNER)
    def create() -> Response:
        form = request.form
        adapter = _adapter(admin, form.get("adapter", ""))
        name = form.get("name", "").strip()
        problems = _name_problems(admin, name)
        settings = read_form(adapter, form)
        problems |= _setting_problems(adapter, settings)
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
    if found is None or not can_be_formed(found):
        abort(400, "Choose a kind of LMS.")
    return found


def _name_problems(admin: AdminServices, name: str) -> dict[str, str]:
    if re.fullmatch(CONNECTION_NAME, name) is None:
        return {"name": NAME}
    return {"name": TAKEN} if name in admin.app.connections else {}


def _setting_problems(adapter: Adapter[Any], said: Mapping[str, Any]) -> dict[str, str]:
    """What the settings would be refused for."""
    try:
        settings = adapter.settings.model_validate(said)
    except ValidationError as error:
        return problems_of(error)
    if "roster" in said and adapter.claims_roster(settings):
        return {ROSTER: "whoever edits a course can write this student ID; such a roster needs the configuration file"}
    return {}


def _form(
    admin: AdminServices, chosen: str, form: Mapping[str, str], problems: Mapping[str, str], status: int = 200
) -> Response:
    adapters = [adapter for adapter in admin.app.connections.adapters() if can_be_formed(adapter)]
    adapter = next((one for one in adapters if one.name == chosen), None)
    return render(
        "admin/new_connection.html",
        status,
        choices=_choices(adapters),
        adapter=adapter,
        title=_title(adapter, form.get("preset", "")) if adapter else "",
        student_ids=_student_ids(adapter) if adapter else [],
        invitable=[one for one in adapters if one.registration_request],
        groups=list(groups_of(adapter)) if adapter else [],
        takes_roster=adapter is not None and adapter.read_roster is not None,
        label_of=label_of,
        note_of=note_of,
        roster=ROSTER,
        roster_note=NOTES[ROSTER],
        form=form,
        problems=problems,
    )


def _choices(adapters: Sequence[Adapter[Any]]) -> list[Choice]:
    """Every LMS by the name that people look for."""
    choices = [Choice(one.title, one.name) for one in adapters]
    choices += [Choice(title, one.name, preset) for one in adapters for preset, title in _presets(one).items()]
    return sorted(choices, key=lambda choice: choice.title.casefold())


def _title(adapter: Adapter[Any], preset: str) -> str:
    return _presets(adapter).get(preset, adapter.title)


def _presets(adapter: Adapter[Any]) -> Mapping[str, str]:
    return adapter.presets() if adapter.presets else {}


def _student_ids(adapter: Adapter[Any]) -> list[str]:
    """The values of `student_id`, the usual one first; one alone where it can be any."""
    field = adapter.settings.model_fields["student_id"]
    values = [value for value in get_args(field.annotation) if isinstance(value, str)]
    return sorted(values, key=lambda value: value != field.default) or [str(field.default or "")]
