"""The path of a table that a command writes."""

from __future__ import annotations

from pathlib import Path

import click


def check_table_file(context: click.Context, parameter: click.Parameter, path: Path | None) -> Path | None:
    """The path, which ends in .xlsx or .csv: by it we and the spreadsheet program know what the file is."""
    if path is not None and path.suffix.lower() not in {".csv", ".xlsx"}:
        raise click.BadParameter(f"{path}: allowed: a name that ends in .xlsx or .csv", context, parameter)
    return path
