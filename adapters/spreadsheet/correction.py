"""The corrected copy: every row as it was, beside each mistake a reason, nothing in it that could run."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from adapters.spreadsheet.cells import Odd
from adapters.spreadsheet.problems import Problem
from adapters.spreadsheet.reader import open_sheet
from adapters.spreadsheet.rows import Row
from adapters.spreadsheet.settings import Settings
from adapters.spreadsheet.table import open_table
from adapters.spreadsheet.writing import write_table

REASON = "What to correct"


def find_problems(settings: Settings) -> list[Problem]:
    """What is wrong with the rows of a connection's file. Raises RosterIncomplete where it cannot be read at all."""
    with open_sheet(settings) as sheet:
        deque(sheet.members, maxlen=0)
    return sheet.problems


def write_corrected_copy(source: Path, problems: Sequence[Problem], target: Path, sheet: str = "") -> None:
    """Write the rows of `source` to `target`, CSV or XLSX by its suffix, with a last column of reasons.

    Cells without one spelling as text stay empty: the reason says what was there. Raises RosterIncomplete where the
    source cannot be read, OSError for the target.
    """
    reasons: dict[int, list[str]] = {}
    for problem in problems:
        reasons.setdefault(problem.row, []).append(str(problem))
    with open_table(source, sheet) as table:
        rows = _with_reasons(table.rows, {row: " · ".join(texts) for row, texts in reasons.items()})
        write_table(target, table.sheet, rows)


def _with_reasons(rows: Iterator[Row], reasons: Mapping[int, str]) -> Iterator[list[str]]:
    width, old = 0, -1
    for row in rows:
        cells = ["" if isinstance(cell, Odd) else cell for cell in row.cells]
        if not width:
            if row.blank:
                continue
            old = cells.index(REASON) if REASON in cells else -1
        if 0 <= old < len(cells):
            del cells[old]
        reason = reasons.get(row.number, "") if width else REASON
        width = width or len(cells)
        yield [*cells, *[""] * (width - len(cells)), reason]
