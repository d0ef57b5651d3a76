"""A file as a table: a sheet's name and its rows, whatever the format."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, NamedTuple

from adapters.spreadsheet import workbook
from adapters.spreadsheet.cells import Cell, unguarded
from adapters.spreadsheet.rows import Row
from bridge.errors import RosterIncomplete
from bridge.files.csvrows import find_encoding, read_csv
from bridge.files.digest import MAX_BYTES

MAX_CSV = MAX_BYTES
MAX_XLSX = 256 * 1024**2
_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


class Table(NamedTuple):
    """An open table."""

    sheet: str
    rows: Iterator[Row]


@contextmanager
def open_table(path: Path, sheet: str = "") -> Iterator[Table]:
    """Open the CSV or XLSX file at `path`, told apart by content. Raises RosterIncomplete where it is neither.

    Also raises, at the end, when the file was changed while it was read.
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
            with workbook.open_sheet(path, sheet) as (name, rows):
                yield Table(name, rows)
        else:
            _check_size(file, path.name, MAX_CSV)
            encoding = find_encoding(file, path.name)
            file.seek(0)
            yield Table(path.stem, _csv_rows(file, path.name, encoding))
        if _state(path) != before:
            raise RosterIncomplete(f"{path.name}: the file was changed while it was read; try again when it is whole")


def _csv_rows(file: BinaryIO, name: str, encoding: str) -> Iterator[Row]:
    width = 0
    for number, cells in read_csv(file, name, encoding=encoding):
        width = width or len(cells)
        values: Sequence[Cell] = [unguarded(cell) if cell[:1] == "'" else cell for cell in cells]
        yield Row(number, values, whole=len(cells) in {0, width})


@contextmanager
def _opened(path: Path) -> Iterator[BufferedReader]:
    try:
        file = path.open("rb")
    except OSError as error:
        raise RosterIncomplete(f"{path.name}: the file cannot be opened ({type(error).__name__})") from error
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
