"""What is wrong with a row, in words that an administrator can act on; never the value itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from bridge.errors import RosterIncomplete

SHOWN = 20


class Problem(NamedTuple):
    """One mistake in one cell."""

    where: str
    """`Sheet1!B17`."""
    row: int
    """From 1, as the spreadsheet program counts."""
    what: str
    allowed: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}; allowed: {self.allowed}"


class SheetRefused(RosterIncomplete):
    """A file that was read to its end and holds mistakes, so that it must not be taken for everybody there is."""

    def __init__(self, name: str, problems: Sequence[Problem], count: int) -> None:
        more = f"\nand {count - SHOWN} more" if count > SHOWN else ""
        listed = "\n".join(map(str, problems[:SHOWN]))
        copy = "\nthe corrected copy that a sync writes has every row, and beside each mistake what to correct"
        super().__init__(f"{name}: {count} {'mistake' if count == 1 else 'mistakes'}\n{listed}{more}{copy}")
        self.problems = tuple(problems)
