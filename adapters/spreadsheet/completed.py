"""Our own list of unmatched students as it comes back, completed by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from adapters.spreadsheet.cells import Cell, address, read_text
from adapters.spreadsheet.headers import UNMATCHED, is_unmatched
from adapters.spreadsheet.ids import read_id
from adapters.spreadsheet.table import open_table
from bridge.errors import RosterIncomplete

STUDENT_ID, EMAIL, EMPLOYEE_NUMBER, CONNECTION = (UNMATCHED[at] for at in (0, 1, 2, 5))


class Completed(NamedTuple):
    """One row. A text is empty where nothing was entered, or nothing that can be read."""

    where: str
    """`People!A17`."""
    student_id: str
    """As it is looked for in OttoLearn."""
    connection: str
    email: str
    employee_number: str
    unreadable: str = ""
    """Which of the cells cannot be read, and why."""


def read_completed(file: Path) -> Iterator[Completed]:
    """The rows of our list. Raises RosterIncomplete for a file that is not our list, or cannot be read."""
    with open_table(file) as table:
        header = next((row for row in table.rows if not row.blank), None)
        if header is None or not is_unmatched(header.texts):
            raise RosterIncomplete(
                f"{file.name} is not a list that `ottobridge unmatched export` wrote: it lacks one of the columns "
                f"{', '.join(UNMATCHED)}"
            )
        places = {name: header.texts.index(name) for name in UNMATCHED if name in header.texts}
        for row in table.rows:
            if not row.blank:
                cells = {name: row.cells[at] if at < len(row.cells) else "" for name, at in places.items()}
                yield _completed(address(table.sheet, places[STUDENT_ID], row.number), cells)


def _completed(where: str, cells: dict[str, Cell]) -> Completed:
    student_id = read_id(cells[STUDENT_ID])
    found = {name: read_text(cells.get(name, "")) for name in (CONNECTION, EMAIL)}
    found |= {STUDENT_ID: student_id, EMPLOYEE_NUMBER: read_id(cells.get(EMPLOYEE_NUMBER, ""))}
    texts = {name: value if isinstance(value, str) else "" for name, value in found.items()}
    odd = [f"{name}: {value.what}" for name, value in found.items() if not isinstance(value, str)]
    who = (texts[STUDENT_ID], texts[CONNECTION])
    return Completed(where, *who, texts[EMAIL], texts[EMPLOYEE_NUMBER], "; ".join(odd))
