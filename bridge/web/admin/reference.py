"""One launch by its reference, as a learner reads it over the telephone: what became of it, why, and what to change."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from flask import Blueprint, Response, request
from markupsafe import Markup, escape

from bridge.admin.roles import Role
from bridge.doctor.comparison import compare
from bridge.doctor.explanation import Explanation, explain, find_launch
from bridge.doctor.summaries import what_became, who_came
from bridge.reasons import NAME_DIFFERS
from bridge.store import unmatched
from bridge.store.launches import LINK, REFERENCE_LENGTH
from bridge.web.admin.access import requires
from bridge.web.admin.launches import KINDS
from bridge.web.admin.services import AdminServices
from bridge.web.admin.showing import render
from bridge.web.admin.students import token

LONGEST: Final = 64
"""Characters looked at of what was typed."""
LTI: Final = "https://purl.imsglobal.org/spec/"
"""What the names of LTI's claims begin with; left out, so that they can be read."""
GROUPS: Final = {
    "headers": "Headers",
    "query": "Query",
    "form": "Form",
    "posted": "JSON",
    "token_header": "Header of the id_token",
    "token_claims": "Claims of the id_token, as sent, whoever sent them",
}
MARKED: Final = {
    NAME_DIFFERS: "The LMS and OttoLearn name this learner otherwise. Are both one person? If not, see who has the ID."
}


class Group(NamedTuple):
    """One part of a request."""

    title: str
    fields: list[tuple[str, str]]


def reference_pages(admin: AdminServices) -> Blueprint:
    """The route of one launch."""
    pages = Blueprint("reference", __name__)

    @pages.get("/reference")
    @requires(Role.VIEWER)
    def show() -> Response:
        typed = " ".join(request.args.get("reference", "").split())[:LONGEST]
        services = admin.app
        line = find_launch(services.engine, typed) if typed else None
        if line is None:
            return _nothing(admin, typed)
        found = explain(services.engine, services.directory, services.connections.find, line)
        return render("admin/reference.html", typed=typed, **_values(admin, found))

    return pages


def _nothing(admin: AdminServices, typed: str) -> Response:
    letters = sum(map(str.isalnum, typed))
    return render(
        "admin/reference_unknown.html",
        404 if typed else 200,
        typed=typed,
        letters=letters,
        wanted=REFERENCE_LENGTH,
        retention=admin.app.configuration.retention,
    )


def _values(admin: AdminServices, found: Explanation) -> dict[str, Any]:
    line, engine = found.line, admin.app.engine
    waits = bool(line.student_id) and unmatched.find(engine, line.connection, line.student_id) is not None
    return {
        "found": found,
        "line": line,
        "who": who_came(line),
        "became": what_became(line),
        "kind": KINDS.get(line.kind, line.kind),
        "connection": admin.app.connections.find(line.connection) if line.connection else None,
        "student": token(line.connection, line.student_id) if waits else "",
        "marked": MARKED.get(line.mark, line.mark),
        "compared": compare(admin.app.configuration, admin.app.connections.find, line, found.received),
        "received": _groups(found.received or {}),
        "request": " ".join(str((found.received or {}).get(part, "")) for part in ("method", "path")).strip(),
        "cookies": ", ".join((found.received or {}).get("cookies", ())),
        "checks": found.checks,
        "how": with_code(found.advice.how) if found.advice else "",
        "LINK": LINK,
    }


def with_code(text: str) -> Markup:
    """A sentence in which what stands between backticks is a command or a setting."""
    parts = enumerate(text.split("`"))
    return Markup("").join(Markup("<code>{}</code>").format(part) if at % 2 else escape(part) for at, part in parts)


def _groups(received: Mapping[str, Any]) -> list[Group]:
    """What the request said, part by part; those that are empty are left out."""
    found = [Group(title, list(_flat(received.get(name)))) for name, title in GROUPS.items()]
    return [group for group in found if group.fields]


def _flat(value: object, name: str = "") -> Iterator[tuple[str, str]]:
    """Each value under the names that lead to it."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flat(inner, f"{name} › {key}" if name else str(key).removeprefix(LTI))
    elif isinstance(value, list) and any(isinstance(inner, Mapping | list) for inner in value):
        for at, inner in enumerate(value, 1):
            yield from _flat(inner, f"{name} › {at}")
    elif isinstance(value, list):
        yield name, ", ".join(map(_text, value))
    elif value is not None or name:
        yield name, _text(value)


def _text(value: object) -> str:
    """As JSON says it, but texts without quotes."""
    return value if isinstance(value, str) else json.dumps(value)
