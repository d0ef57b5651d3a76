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

from adapters.canvas.listing import Said
from adapters.canvas.people import SeenIds
from bridge.errors import RosterIncomplete
from bridge.files.archive import open_archive
from bridge.files.csvrows import read_csv

NAME = "Canvas's users report"
COLUMNS = (
    "canvas_user_id",
    "login_id",
    "integration_id",
    "email",
    "first_name",
    "last_name",
    "sortable_name",
    "status",
)
"""Columns that are called as in the REST API; `user_id` is its `sis_user_id`. Older versions lack some."""
NEEDED = {"canvas_user_id", "user_id", "status"}
PAGE = 1000


def read_people(path: Path) -> Iterator[Sequence[Said]]:
    """Everybody in the report at `path`, a page at a time, as `sis_user_id`, `login_id`, ... and `status`.

    The file is read twice: first for who has several logins, so that only those few are ever held.
    """
    with _opened(path) as rows:
        several = _with_several_logins(rows())
        people = _one_each(rows(), several)
        while page := list(islice(people, PAGE)):
            yield page


def _with_several_logins(rows: Iterator[Said]) -> SeenIds:
    seen, several = SeenIds(), SeenIds()
    for row in rows:
        number = _number(row)
        if not seen.add(number):
            several.add(number)
    return several


def _one_each(rows: Iterator[Said], several: SeenIds) -> Iterator[Said]:
    settled, waiting = SeenIds(), dict[int, Said]()
    for row in rows:
        number = _number(row)
        if number not in several:
            yield row
        elif number in settled:
            continue
        elif _is_active(row) and row["sis_user_id"]:
            settled.add(number)
            waiting.pop(number, None)
            yield row
        elif number not in waiting or (_is_active(row) and not _is_active(waiting[number])):
            waiting[number] = row
    yield from waiting.values()


def _is_active(row: Said) -> bool:
    return row["status"] == "active"


def _number(row: Said) -> int:
    text = str(row["canvas_user_id"])
    if not (text.isascii() and text.isdigit()):
        raise RosterIncomplete(f"{NAME} holds a row without a canvas_user_id")
    return int(text)


@contextmanager
def _opened(path: Path) -> Iterator[Callable[[], Iterator[Said]]]:
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


def _unpacked(opening: AbstractContextManager[BinaryIO]) -> Iterator[Said]:
    with opening as file:
        yield from _rows(file)


def _rows(file: BinaryIO) -> Iterator[Said]:
    """Every row but those of deleted logins: who has no other is not in Canvas any more."""
    records = read_csv(file, NAME, encoding="utf-8-sig", delimiter=",")
    header = next(records, None)
    places = _places(header.cells if header else [])
    width = len(header.cells) if header else 0
    for record in records:
        if len(record.cells) != width:
            raise RosterIncomplete(f"{NAME}: row {record.number} is not whole")
        row: Said = {name: record.cells[place] for name, place in places}
        if row["status"] != "deleted":
            yield row


def _places(header: list[str]) -> list[tuple[str, int]]:
    if missing := sorted(NEEDED.difference(header)):
        raise RosterIncomplete(
            f"{NAME} has no column {' or '.join(missing)}; older versions translate the columns: "
            "set the language of the token's user to English (US)"
        )
    places = [(name, header.index(name)) for name in COLUMNS if name in header]
    return [*places, ("sis_user_id", header.index("user_id"))]
