"""One row of a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from adapters.spreadsheet.cells import Cell

MAX_COLUMNS = 1_000
TOO_WIDE = f"more than {MAX_COLUMNS} columns; allowed: up to {MAX_COLUMNS}, remove those that are not needed"


class Row(NamedTuple):
    """One row, counted from 1 as the spreadsheet program counts."""

    number: int
    cells: Sequence[Cell]

    @property
    def blank(self) -> bool:
        """Whether there is nothing in it."""
        return not any(not isinstance(cell, str) or cell.strip() for cell in self.cells)

    @property
    def texts(self) -> list[str]:
        """Its texts, trimmed, and nothing for every other cell: as headers are compared."""
        return [cell.strip() if isinstance(cell, str) else "" for cell in self.cells]
