"""The rows of the users report, one a login, read as one person each.

A person may have several logins and each its own SIS ID (sis_exporter.rb writes one row per pseudonym). Canvas sends
the primary one in a launch and in its list of users: the first active login that has a SIS ID. So do we, or a person
with two logins would be two learners, and the way of reading would decide who is on the roster.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from adapters.canvas.people import CanvasUser
from bridge.errors import RosterIncomplete
from bridge.files.archive import open_archive
from bridge.files.csvrows import read_csv
from bridge.roster.id_set import IdSet

NAME = "Canvas's users report"
COLUMNS = {
    "user_id": "sis_user_id",
    "login_id": "login_id",
    "integration_id": "integration_id",
    "email": "email",
    "first_name": "first_name",
    "last_name": "last_name",
    "sortable_name": "sortable_name",
    "status": "status",
}
"""What each column is called in the REST API. Older versions lack some."""
ID = "canvas_user_id"
NEEDED = {ID, "user_id", "status"}
STATUSES = {"active", "suspended", "deleted"}
"""Of a login, as Canvas writes them (pseudonym.rb: `workflow_state`)."""
_KNOWN = ", ".join(sorted(STATUSES))
LONGEST_ID = 19
"""Digits: Canvas's ids are 64-bit numbers."""
PAGE = 1000


def read_people(path: Path) -> Iterator[Sequence[CanvasUser]]:
    """Everybody in the report at `path`, a page at a time.

    The file is read twice: first for who has several logins, so that only those few are ever held.
    """
    with _opened(path) as rows:
        several = _with_several_logins(rows())
        people = _one_each(rows(), several)
        while page := list(islice(people, PAGE)):
            yield page


def _with_several_logins(rows: Iterator[CanvasUser]) -> IdSet:
    seen, several = IdSet(), IdSet()
    for row in rows:
        if not seen.add(row.id):
            several.add(row.id)
    return several


def _one_each(rows: Iterator[CanvasUser], several: IdSet) -> Iterator[CanvasUser]:
    settled, waiting = IdSet(), dict[int, CanvasUser]()
    for row in rows:
        if row.id not in several:
            yield row
        elif row.id in settled:
            continue
        elif row.is_active and row.sis_user_id:
            settled.add(row.id)
            waiting.pop(row.id, None)
            yield row
        elif row.id not in waiting or (row.is_active and not waiting[row.id].is_active):
            waiting[row.id] = row
    yield from waiting.values()


@contextmanager
def _opened(path: Path) -> Iterator[Callable[[], Iterator[CanvasUser]]]:
    """A function that reads the rows from the start. The first bytes say what the file is; names and types lie."""
    with path.open("rb") as file:
        if file.read(4) != b"PK\x03\x04":
            yield lambda: _rows(_from_start(file))
            return
    with open_archive(path) as archive:
        tables = [name for name in archive.members if name.endswith(".csv")]
        member = "users.csv" if "users.csv" in tables or len(tables) != 1 else tables[0]
        yield lambda: _unpacked(archive.open(member))


def _from_start(file: BinaryIO) -> BinaryIO:
    file.seek(0)
    return file


def _unpacked(opening: AbstractContextManager[BinaryIO]) -> Iterator[CanvasUser]:
    with opening as file:
        yield from _rows(file)


def _rows(file: BinaryIO) -> Iterator[CanvasUser]:
    """Every row but those of deleted logins: who has no other is not in Canvas any more."""
    records = read_csv(file, NAME, encoding="utf-8-sig", delimiter=",")
    first = next(records, None)
    header = first.cells if first else []
    _require_columns(header)
    places = [(name, header.index(column)) for column, name in COLUMNS.items() if column in header]
    number = header.index(ID)
    for record in records:
        if len(record.cells) != len(header):
            raise RosterIncomplete(f"{NAME}: row {record.number} is not complete")
        row = CanvasUser(_number(record.cells[number]), **{name: record.cells[place] for name, place in places})
        if row.status not in STATUSES:
            raise RosterIncomplete(f"{NAME}: row {record.number} has a status that is none of {_KNOWN}")
        if row.status != "deleted":
            yield row


def _require_columns(header: list[str]) -> None:
    if missing := sorted(NEEDED.difference(header)):
        raise RosterIncomplete(
            f"{NAME} has no column {' or '.join(missing)}; older versions translate the columns: "
            "set the language of the token's user to English (US)"
        )


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= LONGEST_ID):
        raise RosterIncomplete(f"{NAME} holds a row without a canvas_user_id")
    return int(text)
