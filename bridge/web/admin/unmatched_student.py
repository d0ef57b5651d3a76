"""One student whom nobody was found for: beside everybody near, a search of the directory, and what to do."""

from __future__ import annotations

import time
from typing import Final

from flask import Blueprint, Response, abort, request

from bridge.admin.roles import Role
from bridge.errors import OttoBridgeError
from bridge.learners.directory_search import START, Results, read_wanted, search_page
from bridge.learners.provisioning import Provisioning
from bridge.learners.unmatched import Unmatched, Waiting
from bridge.ottolearn.api import OttoLearnApi
from bridge.store import aliases
from bridge.web.admin.access import go, note, requires, say
from bridge.web.admin.services import AdminServices
from bridge.web.admin.showing import render
from bridge.web.admin.students import read_token, token

FOUND: Final = 20
"""Users of one page of a search."""


def student_pages(pages: Blueprint, admin: AdminServices, unmatched: Unmatched) -> None:
    """Add the routes of one student to those of the list."""

    @pages.get("/unmatched/student")
    @requires(Role.VIEWER)
    def student() -> Response:
        waiting = _waiting(unmatched, request.args.get("of", ""))
        text = request.args.get("q", "").strip()[:200]
        return render(
            "admin/unmatched_student.html",
            waiting=waiting,
            linked=aliases.find(admin.app.engine, *waiting.row[:2]),
            text=text,
            found=_search(admin, text) if text else None,
            is_first="after" not in request.args,
        )

    @pages.post("/unmatched/create")
    @requires(Role.OPERATOR)
    def create() -> Response:
        waiting = _waiting(unmatched, request.form.get("student", ""))
        row = waiting.row
        try:
            match = unmatched.create(row.connection, row.student_id, _provisioning(admin))
        except OttoBridgeError as error:
            say(f"Nobody was created: {error}", "bad")
            return go("admin.unmatched.student", of=token(*row[:2]))
        note("create", connection=row.connection, student_id=row.student_id, user=match.learner.user_id)
        say(f"{row.student_id} is the OttoLearn user {match.learner.user_id}, and gets in with the next launch.")
        return go("admin.unmatched.show")


def _waiting(unmatched: Unmatched, word: str) -> Waiting:
    key = read_token(word)
    found = unmatched.find(*key) if key else None
    if found is None:
        abort(404, "No launch has named this student, or they were forgotten since.")
    return found


def _search(admin: AdminServices, text: str) -> Results | None:
    """None where too little was typed."""
    wanted, after = read_wanted(text), request.args.get("after", "")
    if wanted is None:
        return None
    start = int(after) if after.isascii() and after.isdigit() and len(after) < 18 else START
    return search_page(admin.app.engine, wanted, FOUND, clock=time.monotonic, after=start)


def _provisioning(admin: AdminServices) -> Provisioning:
    app, settings = admin.app, admin.app.configuration.ottolearn
    ottolearn = OttoLearnApi(settings, app.outbound, attempts=1)
    return Provisioning(app.engine, app.directory, ottolearn, settings.username_attributes[0], app.now, app.token)
