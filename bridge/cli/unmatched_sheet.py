"""The spreadsheet of unmatched students: what launches told, and empty columns by which OttoLearn knows people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from adapters.spreadsheet.ids import written_id
from bridge.store.unmatched import UnmatchedRow

MOST_EXPORTED: Final = 1_000_000


def to_complete(student_id: str, row: UnmatchedRow, could_be: Sequence[str]) -> list[str]:
    """One student as cells; email and employee number stay empty, because nobody is ever guessed."""
    names = [row.first_name, row.last_name]
    return [written_id(student_id), "", "", *names, row.connection, str(row.times), "; ".join(could_be)]
