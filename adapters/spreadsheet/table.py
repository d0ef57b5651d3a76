"""A file as a table: a sheet's name and its rows, whatever the format."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, NamedTuple

from adapters.spreadsheet import workbook
from adapters.spreadsheet.cells import Cell
from adapters.spreadsheet.package import Package
from adapters.spreadsheet.rows import Row
from bridge.errors import RemoteUnavailable, RosterIncomplete
from bridge.files.csvrows import read_csv
from bridge.files.digest import MAX_BYTES
from bridge.files.encodings import find_encoding
from bridge.files.formulas import unguarded

MAX_CSV = MAX_BYTES
MAX_XLSX = 256 * 1024**2
_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


class Table(NamedTuple):
    """An open table."""

    sheet: str
    rows: Iterator[Row]
    description: str
    """What kind of file it is, and how that is known."""
    guess: str = ""
    """The encoding, where it is only guessed."""
    even: bool = False
    """Whether every row is to have as many cells as the header: one that has not may have them in the wrong column."""


@contextmanager
def open_table(path: Path, sheet: str = "", encoding: str = "") -> Iterator[Table]:
    """Open the CSV or XLSX file at `path`, told apart by content. `encoding`: of a CSV, where somebody says it.

    Raises RosterIncomplete where it is neither, and, at the end, when the file was changed while it was read.
    """
    with _opened(path) as file:
        before = _state(path)
        start = file.read(len(_OLE))
        if start.startswith(_OLE):
            raise RosterIncomplete(
                f"{path.name}: an old .xls or a protected workbook; allowed: an .xlsx file without password"
            )
        if start.startswith(_ZIP):
            _check_size(file, path.name, MAX_XLSX)
            with workbook.open_sheet(path, sheet) as (package, rows):
                yield Table(package.sheet, rows, _describe(package, named=bool(sheet)))
        else:
            _check_size(file, path.name, MAX_CSV)
            found = find_encoding(file, path.name, encoding)
            file.seek(0)
            rows = _csv_rows(file, path.name, found.name)
            guess = found.name if found.how == "guessed" else ""
            yield Table(path.stem, rows, f"CSV in {found}", guess, even=True)
        if _state(path) != before:
            raise RosterIncomplete(f"{path.name}: the file changed while it was read; try again when it is complete")


def _describe(package: Package, *, named: bool) -> str:
    hidden = ", ".join(map(repr, package.hidden)) or "none"
    which = "as asked for" if named else "the first that is not hidden"
    return f"workbook, sheet {package.sheet!r} ({which}), hidden sheets: {hidden}"


def _csv_rows(file: BinaryIO, name: str, encoding: str) -> Iterator[Row]:
    for number, cells in read_csv(file, name, encoding=encoding):
        values: Sequence[Cell] = [unguarded(cell) if "'" in cell else cell for cell in cells]
        yield Row(number, values)


@contextmanager
def _opened(path: Path) -> Iterator[BufferedReader]:
    try:
        file = path.open("rb")
    except OSError as error:
        raise RemoteUnavailable(f"{path.name}: the file cannot be opened ({type(error).__name__})") from error
    with file:
        yield file


def _check_size(file: BinaryIO, name: str, limit: int) -> None:
    if file.seek(0, 2) > limit:
        raise RosterIncomplete(
            f"{name}: the file is larger than {limit // 1024**2} MiB; allowed: a list of people; "
            "remove columns that are not needed"
        )


def _state(path: Path) -> tuple[int, int, int]:
    try:
        found = path.stat()
    except OSError:
        return (0, 0, 0)
    return (found.st_ino, found.st_size, found.st_mtime_ns)
