"""Students whom nobody was found for: seen, and linked, ignored or made, ten at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from flask import Blueprint, Response, request

from bridge.admin.roles import Role
from bridge.contracts import Outcome
from bridge.learners.unmatched import LINKED_ALREADY, WHY, Asked, Choice, Linked, Unmatched
from bridge.store import aliases
from bridge.store.unmatched import Position, State
from bridge.web.admin.access import go, note, requires, say
from bridge.web.admin.paging import Page, Place, read_place, written
from bridge.web.admin.services import AdminServices
from bridge.web.admin.showing import render
from bridge.web.admin.students import FUNCTIONS, Key, read_choices, read_token
from bridge.web.admin.unmatched_sheet import sheet_pages
from bridge.web.admin.unmatched_student import student_pages

ROWS: Final = 20
"""Students of a page: each is compared with the whole directory."""
TOLD: Final = 10
"""Students of whom it is said one by one why they are not linked."""
OUTCOMES: Final = (Outcome.NO_MATCH, Outcome.AMBIGUOUS, "identity_changed", "identity_of_another", "identity_disputed")
STATES: Final = (
    (State.WAITING, "Waiting"),
    (State.RESOLVED, "Linked or found since"),
    (State.IGNORED, "Ignored"),
)
SAID: Final = {
    **WHY,
    "name_differs": "the LMS and OttoLearn call them otherwise. If they are one person, tick “also where names differ”",
    "twice": "two of the ticked students are taken for one user",
    LINKED_ALREADY: "somebody has linked them with a user meanwhile; look under “Linked or found since”",
}


def unmatched_of(admin: AdminServices) -> Unmatched:
    """The list of this bridge."""
    app = admin.app
    names = app.configuration.ottolearn.username_attributes
    return Unmatched(app.engine, app.directory, names, app.connections.find, app.now)


def unmatched_pages(admin: AdminServices) -> Blueprint:
    """The routes of the list and of one student."""
    pages = Blueprint("unmatched", __name__)
    unmatched, app = unmatched_of(admin), admin.app

    @pages.context_processor
    def functions() -> dict[str, object]:
        return {**FUNCTIONS, "usernames": app.configuration.ottolearn.username_attributes}

    @pages.get("/unmatched")
    @requires(Role.VIEWER)
    def show() -> Response:
        asked = _asked()
        args = {name: request.args[name] for name in ("after",) if name in request.args}
        place: Place[tuple[float, str, str]] | None = read_place(args, tuple[float, str, str])
        found = unmatched.page(asked, ROWS, Position(*place.key) if place else None)
        keep = {
            name: value for name, value in request.args.items() if name in {"text", "connection", "outcome", "state"}
        }
        known = () if asked.state == State.WAITING else (Key(*waiting.row[:2]) for waiting in found.students)
        return render(
            "admin/unmatched.html",
            page=Page(found.students, after=written(found.after) if found.after else ""),
            asked=asked,
            keep={name: value for name, value in keep.items() if value},
            links={key: aliases.find(app.engine, *key) for key in known},
            is_first=place is None,
            connections=app.connections.names(),
            outcomes=[("", "All"), *((word, word.replace("_", " ")) for word in OUTCOMES)],
            states=STATES,
        )

    @pages.post("/unmatched/link")
    @requires(Role.OPERATOR)
    def link() -> Response:
        chosen = read_choices(request.form, request.form.getlist("student"))
        choices = [Choice(*key, user) for key, user in chosen if user is not None]
        if not choices:
            say("Nobody is linked: tick at least one student, and choose who it is.", "note")
        else:
            _tell_links(unmatched.link(choices, other_names="other_names" in request.form), len(chosen) - len(choices))
        return _back()

    @pages.post("/unmatched/ignore")
    @requires(Role.OPERATOR)
    def ignore() -> Response:
        done = _each(unmatched.ignore, "ignore")
        say(
            f"{_students(done)} will not be shown any more. “Ignored” lists them, and takes it back."
            if done
            else NOBODY,
            _kind(done),
        )
        return _back()

    @pages.post("/unmatched/undo")
    @requires(Role.OPERATOR)
    def undo() -> Response:
        done = _each(unmatched.undo, "undo")
        say(f"{_students(done)} wait again, and are linked with nobody." if done else NOBODY, _kind(done))
        return _back()

    student_pages(pages, admin, unmatched)
    if app.sheets is not None:
        sheet_pages(pages, admin, unmatched, app.sheets)
    return pages


NOBODY: Final = "Nothing was changed: tick at least one student."


def _asked() -> Asked:
    args = request.args
    state = args.get("state", "")
    return Asked(
        text=args.get("text", "").strip()[:200],
        connection=args.get("connection") or None,
        outcome=args.get("outcome") or None,
        state=State(state) if state in set(State) else State.WAITING,
    )


def _each(act: Callable[[str, str], bool], word: str) -> int:
    """Do it for each ticked student; how many it was done for."""
    done = [key for text in request.form.getlist("student") if (key := read_token(text)) and act(*key)]
    for key in done:
        note(word, connection=key.connection, student_id=key.student_id)
    return len(done)


def _tell_links(results: Sequence[Linked], left_out: int) -> None:
    linked = [one for one in results if not one.why]
    for one in linked:
        choice = one.choice
        note("link", connection=choice.connection, student_id=choice.student_id, user=choice.user_id, name=one.who)
    if linked:
        say(f"{_students(len(linked))} linked. They get in with their next launch.")
    refused = [one for one in results if one.why]
    for one in refused[:TOLD]:
        say(
            f"{one.choice.student_id} is not linked with {one.who or 'user'} ({one.choice.user_id}): {SAID[one.why]}.",
            "bad",
        )
    if len(refused) > TOLD:
        say(f"{len(refused) - TOLD} more are not linked.", "bad")
    if left_out:
        say(f"{_students(left_out)} ticked without a choice of who it is: nothing was done about them.", "note")
    for one in linked:
        if one.dispute or one.other_records:
            say(f"{one.choice.student_id} is linked, but the next launch may still be held: {_held(one)}", "note")


def _held(one: Linked) -> str:
    if one.dispute:
        return "the last roster found this ID in conflict (ottobridge runs show)."
    records = ", ".join(person.record for person in one.other_records)
    return f"another record of the LMS is this user already ({records}): ottobridge people release."


def _students(count: int) -> str:
    return "1 student" if count == 1 else f"{count} students"


def _kind(done: int) -> str:
    return "good" if done else "note"


def _back() -> Response:
    """To the list as it was filtered."""
    kept = {name: request.form[name] for name in ("text", "connection", "outcome", "state") if request.form.get(name)}
    return go("admin.unmatched.show", **kept)
