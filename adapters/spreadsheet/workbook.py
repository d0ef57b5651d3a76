"""A sheet of an XLSX workbook: which one, and which of two readers reads it.

python-calamine is fast and holds the whole sheet; `sheetxml` is slower, holds one row, and sees number formats and
errors. A plain sheet of up to 200,000 rows goes to the first, everything else to the second.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import python_calamine

from adapters.spreadsheet import sheetxml
from adapters.spreadsheet.cells import DATE, TRUTH, Cell, Odd, of_number
from adapters.spreadsheet.package import read_package
from adapters.spreadsheet.rows import Row
from bridge.errors import RosterIncomplete
from bridge.files.archive import Archive, open_archive

FAST_ROWS = 200_000
FAST_CELLS = 8_000_000
"""calamine fills the whole rectangle from the first cell to the last, empty cells too."""

_OVERLAP = 64
_UNUSUAL = (b"'", b"\t", b"\n", b"\r", b" =", b"= ", b'"e"')
"""Spellings of an attribute that the patterns below would not see, and an error value (`t="e"`). Also in a text: then
the slower reader reads it, which is never wrong."""
_BEYOND_Z = re.compile(rb' r="(?:[A-Za-z]{2}|[A-Za-z]?(?:[2-9]\d{5}|\d{7}|0)|[^"&]{0,20}&)')
_FAR = re.compile(rb' r="(?:[A-Za-z]{3}|[A-Za-z]{0,2}(?:[2-9]\d{5}|\d{7}|0)|[^"&]{0,20}&)')
_TWO_LETTERS = re.compile(rb' r="([A-Za-z]{2})\d')
_PROLOG = re.compile(rb"\s*<\?xml[^>]*>\s*")


class _Shape(NamedTuple):
    rows: int
    columns: int
    plain: bool


@contextmanager
def open_sheet(path: Path, sheet: str = "") -> Iterator[tuple[str, Iterator[Row]]]:
    """The name and the rows of a sheet, the first where none is named. Raises RosterIncomplete for a bad workbook."""
    with open_archive(path) as archive:
        package = read_package(archive, sheet)
        shape = _measured(archive, package.member)
        if package.plain and shape.plain and shape.rows <= FAST_ROWS and shape.rows * shape.columns <= FAST_CELLS:
            with _fast_rows(path, package.sheet) as rows:
                yield package.sheet, rows
        else:
            with sheetxml.open_rows(archive, package) as rows:
                yield package.sheet, rows


def _measured(archive: Archive, member: str) -> _Shape:
    """Look at the sheet's bytes, all of them, before a reader that trusts them sees them."""
    rows, columns, tail = 0, 26, b""
    for chunk in archive.chunks(member):
        window = tail + chunk if tail else _PROLOG.sub(b"", chunk, count=1)
        if any(mark in window for mark in _UNUSUAL):
            return _Shape(rows, columns, plain=False)
        if _BEYOND_Z.search(window):
            if _FAR.search(window):
                return _Shape(rows, columns, plain=False)
            columns = max(columns, *(_number(letters) for letters in set(_TWO_LETTERS.findall(window))), 0)
        rows += chunk.count(b"<row") + chunk.count(b":row")
        tail = chunk[-_OVERLAP:]
    return _Shape(rows, columns, plain=True)


def _number(letters: bytes) -> int:
    """AA is the 27th column."""
    first, second = letters.upper()
    return (first - 64) * 26 + second - 64


@contextmanager
def _fast_rows(path: Path, sheet: str) -> Iterator[Iterator[Row]]:
    book = _translated(path.name, lambda: python_calamine.load_workbook(path))
    try:
        yield _read_fast(_translated(path.name, lambda: book.get_sheet_by_name(sheet)))
    finally:
        book.close()


def _read_fast(sheet: python_calamine.CalamineSheet) -> Iterator[Row]:
    margin = [""] * (sheet.start[1] if sheet.start else 0)  # calamine leaves empty first columns out
    for number, values in enumerate(sheet.iter_rows(), start=1):
        cells: Any = values if set(map(type, values)) == {str} else [_cell(value) for value in values]
        yield Row(number, margin + cells if margin else cells)


def _cell(value: object) -> Cell:
    if isinstance(value, bool):
        return TRUTH
    if isinstance(value, int | float):
        return of_number(value)
    if isinstance(value, dt.date | dt.time | dt.timedelta):
        return DATE
    return value if isinstance(value, str) else Odd("something that is neither text nor a number")


def _translated(name: str, call: Any) -> Any:
    """calamine's own errors, and the panics of the Rust library under it, as ours."""
    try:
        return call()
    except python_calamine.CalamineError as error:
        raise RosterIncomplete(f"{name}: the workbook is damaged ({type(error).__name__})") from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise RosterIncomplete(f"{name}: the workbook is damaged") from error
