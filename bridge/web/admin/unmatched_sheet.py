"""The list of unmatched students as a spreadsheet: downloaded, completed by hand, looked at, applied and undone.

What was read is kept until it is applied, so that what is applied is what was shown; a line that does not hold any more
stops all of it.
"""

from __future__ import annotations

import secrets
import tempfile
from itertools import islice
from pathlib import Path
from typing import Final

import msgspec
from flask import Blueprint, Response, abort, request
from werkzeug.datastructures import FileStorage
from werkzeug.utils import secure_filename

from bridge.admin.roles import Role
from bridge.contracts import Outcome
from bridge.errors import OttoBridgeError
from bridge.learners.bulk import WHY
from bridge.learners.sheet_links import UNFILLED, Line, Sheets, cells_of, judge_again, judge_lines
from bridge.learners.unmatched import Asked, Unmatched, Waiting
from bridge.store import aliases, one_time
from bridge.store.audit import AuditRow
from bridge.store.bulk_links import Link, link_all, unlink_all
from bridge.web.admin.access import go, note, requires, say, signed_in, visit
from bridge.web.admin.services import AdminServices
from bridge.web.admin.showing import render

MOST: Final = 10_000
"""Lines of a sheet."""
COMPARED: Final = 1_000
"""Students of a download for whom it is looked who could be meant: each takes many questions to the directory."""
ROWS: Final = 50
"""Lines of a page."""
PURPOSE: Final = "sheet of unmatched students"
SHOWN_FOR: Final = 3_600.0
UNDONE_FOR: Final = 86_400.0
"""Seconds for which a sheet may be applied, and one that was applied be undone."""
KINDS: Final = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}
WORDS: Final = {
    **WHY,
    "name_differs": "the LMS and OttoLearn call them otherwise. If they are one person, read the file again with “also "
    "where names differ”",
}
NO_FILE: Final = "Choose a file: the list as it was downloaded here, with email or employee number filled in."


class Sheet(msgspec.Struct):
    """A sheet that was read, and is shown to whoever brought it."""

    who: str
    file: str
    other_names: bool
    lines: list[Line]
    made: list[Link] = []
    """The links that it made; none before it is applied."""
    undone: bool = False

    def of(self, state: str) -> list[Line]:
        """Its lines that would be linked, are refused, or were left empty."""
        return [line for line in self.lines if state_of(line) == state]


def state_of(line: Line) -> str:
    """`linked`, `refused`, or `empty`."""
    return "linked" if line.links else "empty" if line.why == UNFILLED else "refused"


def sheet_pages(pages: Blueprint, admin: AdminServices, unmatched: Unmatched, sheets: Sheets) -> None:
    """Add the routes of the sheet."""

    @pages.get("/unmatched/sheet")
    @requires(Role.VIEWER)
    def sheet() -> Response:
        return _page(admin)

    @pages.get("/unmatched/sheet/people.<kind>")
    @requires(Role.VIEWER)
    def export(kind: str) -> Response:
        if kind not in KINDS:
            abort(404, "The list can be had as .xlsx and as .csv.")
        return _exported(unmatched, sheets, kind, request.args.get("connection") or None)

    @pages.post("/unmatched/sheet")
    @requires(Role.OPERATOR)
    def read() -> Response:
        file, other_names = request.files.get("sheet"), "other_names" in request.form
        if file is None or not file.filename:
            return _page(admin, NO_FILE, 400)
        try:
            lines = _read(unmatched, sheets, file, other_names)
        except OttoBridgeError as error:
            return _page(admin, f"{error}.", 400)
        if len(lines) > MOST:
            return _page(admin, f"The file has more than {MOST:,} lines: divide it.", 413)
        key = secrets.token_urlsafe(18)
        keep(admin, key, Sheet(signed_in().who, Path(file.filename).name[:100], other_names, lines))
        return go("admin.unmatched.preview", key=key)

    _kept_pages(pages, admin, unmatched)


def _kept_pages(pages: Blueprint, admin: AdminServices, unmatched: Unmatched) -> None:
    """Add the routes of a sheet that was read."""

    @pages.get("/unmatched/sheet/<key>")
    @requires(Role.OPERATOR)
    def preview(key: str) -> Response:
        return _preview(key, _kept(admin, key))

    @pages.post("/unmatched/sheet/<key>/apply")
    @requires(Role.OPERATOR)
    def apply(key: str) -> Response:
        found = _kept(admin, key)
        if found.made:
            say("This sheet was applied already.", "note")
        else:
            _apply(admin, unmatched, found)
            keep(admin, key, found)
        return go("admin.unmatched.preview", key=key)

    @pages.post("/unmatched/sheet/<key>/undo")
    @requires(Role.OPERATOR)
    def undo_sheet(key: str) -> Response:
        found = _kept(admin, key)
        if found.made and not found.undone:
            undone = unlink_all(admin.app.engine, found.made, {link: _act("undo", found, link) for link in found.made})
            found.undone = True
            keep(admin, key, found)
            others = len(found.made) - len(undone)
            say(f"{_students(len(undone))} wait again." + (f" {others} were linked otherwise since." if others else ""))
        return go("admin.unmatched.preview", key=key)


def _page(admin: AdminServices, problem: str = "", status: int = 200) -> Response:
    known = admin.app.connections
    names = sorted({*known.configured, *(one.name for one in known.registered())})
    return render(
        "admin/unmatched_sheet.html", status, connections=names, problem=problem, most=MOST, compared=COMPARED
    )


def _exported(unmatched: Unmatched, sheets: Sheets, kind: str, connection: str | None) -> Response:
    asked = Asked(connection=connection, outcome=Outcome.NO_MATCH)
    people = (cells_of(waiting, sheets.written_id) for waiting in _students_of(unmatched, asked))
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, f"people.{kind}")
        sheets.write(target, people)
        response = Response(target.read_bytes(), content_type=KINDS[kind])
    note("export_unmatched", connection=connection or "")
    response.headers["Content-Disposition"] = f'attachment; filename="unmatched.{kind}"'
    return response


def _students_of(unmatched: Unmatched, asked: Asked) -> list[Waiting]:
    """The students, the first of them with who could be meant."""
    compared = [*islice(unmatched.every(asked), COMPARED)]
    rest = islice(unmatched.every(asked, compared=False), COMPARED, MOST) if len(compared) == COMPARED else ()
    return [*compared, *rest]


def _read(unmatched: Unmatched, sheets: Sheets, file: FileStorage, other_names: bool) -> list[Line]:
    with tempfile.TemporaryDirectory() as folder:  # the reader wants a file, and tells its kind by what is in it
        target = Path(folder, secure_filename(file.filename or "")[-80:] or "sheet")
        file.save(target)
        entries = [*islice(sheets.read(target), MOST + 1)]
    return judge_lines(unmatched, entries, sheets.known_by, other_names=other_names, words=WORDS)


def _apply(admin: AdminServices, unmatched: Unmatched, sheet: Sheet) -> None:
    """Link everybody whom the sheet means, or nobody."""
    before = sheet.of("linked")
    sheet.lines = judge_again(unmatched, sheet.lines, other_names=sheet.other_names, words=WORDS)
    links = [link for line in sheet.lines for link in line.links]
    lost = len(before) - len(sheet.of("linked"))
    if lost:
        say(f"Nobody is linked: {lost} of the lines do not hold any more. Look again.", "bad")
        return
    if not links:
        say("Nobody is linked: no line of the sheet can be.", "note")
        return
    taken = link_all(
        admin.app.engine, links, _held(unmatched), [_act("link", sheet, link) for link in links], admin.app.now()
    )
    if taken:
        names = ", ".join(student_id for _, student_id, _ in taken[:5])
        say(f"Nobody is linked: somebody has linked {names} meanwhile. Read the file again.", "bad")
        return
    sheet.made = links
    say(f"{_students(len(links))} linked. They get in with their next launch.")


def _held(unmatched: Unmatched) -> dict[tuple[str, str], int]:
    """The links by which nobody could come in, which may be replaced."""
    found = {(row.connection, row.student_id): row.user_id for row in aliases.every(unmatched.engine)}
    return {key: user for key, user in found.items() if not unmatched.opens(user)}


def _act(act: str, sheet: Sheet, link: Link) -> AuditRow:
    who, here = signed_in(), visit()
    details = msgspec.json.encode({"user": link[2], "sheet": sheet.file}).decode()
    return AuditRow(here.admin.app.now(), who.who, who.role, act, link[0], link[1], details, here.address)


def _preview(key: str, sheet: Sheet) -> Response:
    counts = {state: len(sheet.of(state)) for state in ("linked", "refused", "empty")}
    shown = request.args.get("show", "")
    shown = shown if shown in counts else "linked" if counts["linked"] or not counts["refused"] else "refused"
    text = request.args.get("from", "0")
    start = int(text) if text.isdecimal() and len(text) < 7 else 0
    lines = sheet.of(shown)
    return render(
        "admin/unmatched_preview.html",
        key=key,
        sheet=sheet,
        counts=counts,
        shown=shown,
        lines=lines[start : start + ROWS],
        before=max(0, start - ROWS) if start else None,
        after=start + ROWS if start + ROWS < len(lines) else None,
    )


def keep(admin: AdminServices, key: str, sheet: Sheet) -> None:
    """Keep a sheet for whoever brought it."""
    until = admin.app.now() + (UNDONE_FOR if sheet.made else SHOWN_FOR)
    payload = {"sheet": msgspec.json.encode(sheet).decode()}
    one_time.put(admin.app.engine, PURPOSE, key, payload, until=until)


def _kept(admin: AdminServices, key: str) -> Sheet:
    found = one_time.look(admin.app.engine, PURPOSE, key, now=admin.app.now())
    sheet = msgspec.json.decode(found["sheet"], type=Sheet) if found else None
    if sheet is None or sheet.who != signed_in().who:
        abort(404, "There is no such sheet any more. Read the file again.")
    return sheet


def _students(count: int) -> str:
    return "1 student" if count == 1 else f"{count:,} students"
