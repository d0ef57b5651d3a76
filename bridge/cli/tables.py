"""Tables: on standard output nothing is cut, because an ID with an ellipsis in it finds nobody; and their files."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final

import click
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bridge.cli.output import escape_controls

NARROWEST: Final = 12
"""Cells that a column which may take several lines has at least, where anything in it is that long."""


def print_table(names: Sequence[str], rows: Sequence[Sequence[str]], folding: Collection[str] = ()) -> None:
    """Print `rows` under `names`. In a terminal that is too narrow the columns `folding` take several lines, and what
    still has no room goes beyond the edge; into a pipe every row goes as one line.
    """
    console = Console()
    rows = [[escape_controls(cell) for cell in row] for row in rows]
    table = Table(box=None, pad_edge=False)
    width = 0
    for at, name in enumerate(names):
        title = name.replace("_", " ")
        longest = max(map(cell_len, [title, *(line for row in rows for line in row[at].split("\n"))]))
        least = min(longest, NARROWEST) if name in folding and console.is_terminal else longest
        table.add_column(title, min_width=least, overflow="fold")
        width += least + 2
    console.width = max(console.width, width) if console.is_terminal else width
    for row in rows:
        table.add_row(*map(Text, row if console.is_terminal else (cell.replace("\n", "; ") for cell in row)))
    console.print(table)


def check_table_file(context: click.Context, parameter: click.Parameter, path: Path | None) -> Path | None:
    """The path, which ends in .xlsx or .csv: by it we and the spreadsheet program know what the file is."""
    if path is not None and path.suffix.lower() not in {".csv", ".xlsx"}:
        raise click.BadParameter(f"{path}: allowed: a name that ends in .xlsx or .csv", context, parameter)
    return path
