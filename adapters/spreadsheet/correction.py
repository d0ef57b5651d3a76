"""The corrected copy: every row as it was, beside each mistake a reason, nothing in it that could run."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from adapters.spreadsheet.cells import Cell, Odd
from adapters.spreadsheet.problems import Problem
from adapters.spreadsheet.reader import Sheet, open_sheet
from adapters.spreadsheet.rows import Row
from adapters.spreadsheet.settings import Settings
from adapters.spreadsheet.table import open_table
from adapters.spreadsheet.writing import write_table

REASON = "What to correct"


def find_mistakes(settings: Settings, usernames: Sequence[str]) -> Sheet:
    """The sheet of a connection, read to its end. Raises RosterIncomplete where it cannot be read at all."""
    with open_sheet(settings, usernames) as sheet:
        deque(sheet.members, maxlen=0)
    return sheet


def correct(
    settings: Settings,
    usernames: Sequence[str],
    target: Path,
    others: Sequence[tuple[str, int, str, str]],
    always: bool,
) -> int:
    """Write the corrected copy of a connection's file, as `Adapter.correct` says."""
    sheet, besides = find_mistakes(settings, usernames), [Problem(*other) for other in others]
    if always or sheet.problems or besides:
        write_corrected_copy(settings.file, sheet, target, besides)
    return len(sheet.problems) + len(besides)


def write_corrected_copy(source: Path, sheet: Sheet, target: Path, others: Sequence[Problem] = ()) -> None:
    """Write the rows of `source` to `target`, CSV or XLSX by its suffix, with a last column of reasons.

    `sheet` is what was found in it, `others` is what is wrong besides. What was refused as an ID, or has no one
    spelling as text, stays empty: the reason says what was there. Raises RosterIncomplete where the source cannot be
    read, OSError for the target.
    """
    reasons: dict[int, list[str]] = {}
    for problem in (*sheet.problems, *others):
        reasons.setdefault(problem.row, []).append(str(problem))
    with open_table(source, sheet.name, sheet.encoding) as table:
        rows = _with_reasons(table.rows, sheet, {row: " · ".join(texts) for row, texts in reasons.items()})
        write_table(target, table.sheet, rows)


def _with_reasons(rows: Iterator[Row], sheet: Sheet, reasons: Mapping[int, str]) -> Iterator[list[str]]:
    old = sheet.header.texts.index(REASON) if REASON in sheet.header.texts else -1
    width = len(sheet.header.cells) - (old >= 0)
    for row in rows:
        if row.number <= sheet.header.number and row.blank:
            continue
        cells = [_copied(cell, is_id=at in sheet.ids) for at, cell in enumerate(row.cells)]
        if 0 <= old < len(cells):
            del cells[old]
        reason = REASON if row.number == sheet.header.number else reasons.get(row.number, "")
        yield [*cells, *[""] * (width - len(cells)), reason]


def _copied(cell: Cell, *, is_id: bool) -> str:
    if isinstance(cell, Odd):
        # As text it would pass for an ID when the copy is read, uncorrected.
        return "" if is_id else cell.text or ""
    return cell
