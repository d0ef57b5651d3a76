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
from adapters.spreadsheet.cells import DATE, Cell, Odd, of_date, of_number, of_truth
from adapters.spreadsheet.package import SHARED_STRINGS, Package, damaged, read_package
from adapters.spreadsheet.rows import Row
from bridge.files.archive import Archive, open_archive

FAST_ROWS = 200_000
FAST_CELLS = 8_000_000
"""calamine fills the whole rectangle from the first cell to the last, empty cells too."""

_CELL = rb"""<c(?! r="%s"[^>'e]*+(?:e(?!")[^>'e]*+)*+>|ol)"""
"""Matches a cell (`<c`, not `<col`) whose reference is another, an error value (`t="e"`), or one whose attributes stand
in single quotes."""
_NOT_PLAIN = re.compile(_CELL % rb"[A-Z]{1,2}[0-9]{1,6}")
_REFERENCE = re.compile(rb'<c r="([A-Z]+)([0-9]+)"')
_LONGEST_TAG = 1024 * 1024
_HEAD = 1024
_PLAIN_HEAD = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^<>]*>\s*)?<[A-Za-z]")
"""A part that begins with its root element. A document type, which calamine would not mind, stands before that."""


class _Shape(NamedTuple):
    """The rectangle within which the cells lie."""

    rows: int
    columns: int

    def holding(self, rows: int, columns: int) -> _Shape:
        return _Shape(max(self.rows, rows), max(self.columns, columns))


_UNKNOWN = _Shape(10**9, 10**9)
_WITHIN = (
    (re.compile(_CELL % rb"[A-Z]?[0-9]{1,5}"), _Shape(99_999, 26)),
    (re.compile(_CELL % rb"[A-Z]?(?:1?[0-9]{1,5}|200000)"), _Shape(FAST_ROWS, 26)),
)
"""What lies outside of a rectangle, and the rectangle: looking for nothing is three times as fast as looking at all."""


@contextmanager
def open_sheet(path: Path, sheet: str = "") -> Iterator[tuple[Package, Iterator[Row]]]:
    """A sheet and its rows, the first that is not hidden where none is named.

    Raises RosterIncomplete for a bad workbook.
    """
    with open_archive(path) as archive:
        package = read_package(archive, sheet)
        plain = package.plain and all(_has_plain_head(archive, name) for name in (package.member, SHARED_STRINGS))
        shape = _measured(archive, package.member) if plain else _UNKNOWN
        if shape.rows <= FAST_ROWS and shape.rows * shape.columns <= FAST_CELLS:
            with _fast_rows(path, package.sheet) as rows:
                yield package, rows
        else:
            with sheetxml.open_rows(archive, package) as rows:
                yield package, rows


def _has_plain_head(archive: Archive, member: str) -> bool:
    if member not in archive.members:
        return True
    with archive.open(member) as file:
        return _PLAIN_HEAD.match(file.read(_HEAD)) is not None


def _measured(archive: Archive, member: str) -> _Shape:
    """Look at the sheet's bytes, all of them, before a reader that trusts them sees them."""
    shape, rest = _Shape(0, 0), b""
    for chunk in archive.chunks(member):
        window = rest + chunk
        cut = window.rfind(b"<")
        rest = window[cut:]
        # A cell behind a namespace prefix, or such a text. One byte is looked for ten times as fast as two.
        prefixed = b":" in window and b":c" in window
        if prefixed or len(rest) > _LONGEST_TAG:
            return _UNKNOWN
        shape = shape.holding(*_extent(window, cut))
    return shape


def _extent(window: bytes, end: int) -> _Shape:
    for outside, rectangle in _WITHIN:
        if not outside.search(window, 0, end):
            return rectangle
    if _NOT_PLAIN.search(window, 0, end):
        return _UNKNOWN
    found = _REFERENCE.findall(window, 0, end)
    columns = {letters for letters, _ in found}
    return _Shape(max(int(row) for _, row in found), max(map(_column_number, columns)))


def _column_number(letters: bytes) -> int:
    """A is the first column, AA the 27th."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


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
        cells: Any = values
        try:
            "".join(values)  # type: ignore[arg-type]  # the quickest way to learn whether all of them are text
        except TypeError:
            cells = [value if type(value) is str else _cell(value) for value in values]
        yield Row(number, margin + cells if margin else cells)


def _cell(value: object) -> Cell:
    if isinstance(value, bool):
        return of_truth(value)
    if isinstance(value, int | float):
        return of_number(value)
    if isinstance(value, dt.date):
        return of_date(value)
    if isinstance(value, dt.time):
        return DATE
    return value if isinstance(value, str) else Odd("something that is neither text nor a number")


def _translated(name: str, call: Any) -> Any:
    """calamine's own errors, and the panics of the Rust library under it, as ours."""
    try:
        return call()
    except python_calamine.CalamineError as error:
        raise damaged(name, type(error).__name__) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise damaged(name) from error
