"""Writing a table that people open in a spreadsheet program: nothing in it runs, and IDs stay what they are."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from adapters.spreadsheet.xlsxfile import write_xlsx
from bridge.files.formulas import guarded
from bridge.files.private import atomic_write


def write_table(target: Path, sheet: str, rows: Iterable[Sequence[str]]) -> None:
    """Write `rows` to `target`, XLSX or CSV by its suffix, readable by its owner alone. Raises OSError.

    As XLSX every cell is text, so that IDs keep their zeros. As CSV a cell that a spreadsheet program would take for a
    formula gets an apostrophe, which our reader takes away again.
    """
    with atomic_write(target) as part:
        if target.suffix.lower() == ".xlsx":
            write_xlsx(part, sheet, rows)
        else:
            with part.open("w", encoding="utf-8-sig", newline="") as file:  # the mark is how Excel knows UTF-8
                csv.writer(file).writerows([guarded(cell) for cell in row] for row in rows)
