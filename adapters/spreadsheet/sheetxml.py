"""The reader for sheets of any length: one row of the sheet's XML in memory at a time (ECMA-376 part 1, 18.3.1.73).

Its shared strings wait in a temporary file, so a million different strings cost eight bytes each.
"""

from __future__ import annotations

import datetime as dt
import re
import tempfile
from array import array
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from typing import IO, cast

from lxml import etree

from adapters.spreadsheet.cells import DATE, Cell, Odd, digits_of, of_date, of_error, of_number, of_serial, of_truth
from adapters.spreadsheet.package import SHARED_STRINGS, Format, Package, damaged, local_name, refuse_doctype, texts_of
from adapters.spreadsheet.rows import MAX_COLUMNS, TOO_WIDE, Row
from bridge.errors import RosterIncomplete
from bridge.files.archive import Archive

MAX_ROWS = 1_048_576
MAX_ELEMENT = 8 * 1024 * 1024
"""Bytes of one row or one string."""

_ESCAPE = re.compile("_x([0-9A-Fa-f]{4})_")
_SPECIAL = "a number in a format that shows something else"
_NUMBER = Format("number")


@contextmanager
def open_rows(archive: Archive, package: Package) -> Iterator[Iterator[Row]]:
    """The rows of the package's sheet."""
    with tempfile.TemporaryFile() as file:
        strings = _Strings(file)
        if SHARED_STRINGS in archive.members:
            for element in _elements(archive, SHARED_STRINGS, "si", "sst"):
                strings.add(_unescaped("".join(texts_of(element))))
        # Closed here, not whenever it is collected: a zip whose member is open keeps its file open.
        with closing(_elements(archive, package.member, "row", "sheetData")) as elements:
            yield _Reader(archive.name, package, strings).rows(elements)


class _Strings:
    """Shared strings by their index, in a file."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._ends = array("Q", [0])

    def add(self, text: str) -> None:
        content = text.encode("utf-8", "surrogatepass")
        self._file.write(content)
        self._ends.append(self._ends[-1] + len(content))

    def __getitem__(self, index: int) -> str:
        start, end = self._ends[index], self._ends[index + 1]  # IndexError past the last one; never negative
        self._file.seek(start)
        return self._file.read(end - start).decode("utf-8", "surrogatepass")


def _elements(archive: Archive, member: str, tag: str, parent: str) -> Generator[etree._Element]:
    """Each `tag` inside `parent`, forgotten as soon as the next one is asked for."""
    parser = etree.XMLPullParser(
        ("end",),
        tag=(f"{{*}}{tag}", f"{{*}}{parent}"),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
    )
    since = 0
    ended = False
    checked = False
    for chunk in archive.chunks(member):
        if ended:
            continue  # to the end, so that the checksum is checked
        since += len(chunk)
        for element in _fed(parser, chunk, archive.name):
            since = 0
            if not checked:
                refuse_doctype(element, archive.name)
                checked = True
            if local_name(element) == parent:
                ended = True
                break
            yield element
            _forget(element)
        if since > MAX_ELEMENT:
            raise damaged(archive.name, f"{member} holds a row or text of more than {MAX_ELEMENT} bytes")
    if not ended:
        raise damaged(archive.name, f"{member} ends too early")


def _fed(parser: etree.XMLPullParser, chunk: bytes, name: str) -> Iterator[etree._Element]:
    try:
        parser.feed(chunk)
        for _, element in parser.read_events():
            yield cast(etree._Element, element)
    except etree.XMLSyntaxError as error:
        raise damaged(name) from error


def _forget(element: etree._Element) -> None:
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]


class _Reader:
    def __init__(self, name: str, package: Package, strings: _Strings) -> None:
        self._name = name
        self._formats = package.formats
        self._epoch = package.epoch
        self._strings = strings

    def rows(self, elements: Iterator[etree._Element]) -> Iterator[Row]:
        last = 0
        for element in elements:
            number = self._whole_number(element.get("r"), last + 1)
            if not last < number <= MAX_ROWS:
                raise damaged(self._name, f"row {number} stands after row {last}")
            last = number
            yield Row(number, self._cells(element, number))

    def _cells(self, row: etree._Element, number: int) -> list[Cell]:
        cells: list[Cell] = []
        for element in row:
            at = _column(element.get("r", ""), len(cells))
            if at >= MAX_COLUMNS:
                raise RosterIncomplete(f"{self._name}: row {number}: {TOO_WIDE}")
            if at < len(cells):
                raise damaged(self._name, f"row {number} has a cell out of order")
            cells.extend([""] * (at - len(cells)))
            cells.append(self._cell(element))
        return cells

    def _cell(self, element: etree._Element) -> Cell:
        kind = element.get("t", "n")
        if kind == "inlineStr":
            inner = _child(element, "is")
            return "" if inner is None else _unescaped("".join(texts_of(inner)))
        value = _child(element, "v")
        text = "" if value is None else value.text or ""
        match kind:
            case _ if not text:
                return ""
            case "s":
                return self._shared(text)
            case "str":
                return _unescaped(text)
            case "n":
                return self._number(text, element.get("s", "0"))
            case "b":
                return of_truth(text.strip() in {"1", "true"})
            case "e":
                return of_error(text)
            case "d":
                return _written_date(text)
        return DATE

    def _shared(self, text: str) -> str:
        try:
            return self._strings[self._whole_number(text, 0)]
        except IndexError as error:
            raise damaged(self._name, "a cell points at no text") from error

    def _number(self, text: str, style: str) -> Cell:
        index = self._whole_number(style, 0)
        form = self._formats[index] if index < len(self._formats) else _NUMBER
        try:
            value = float(text)
        except ValueError:
            return Odd("a number that cannot be read")
        match form.kind:
            case "date":
                return of_serial(value, self._epoch)
            case "special":
                return Odd(_SPECIAL)
            case "scientific":
                return Odd(_SPECIAL, digits_of(value))
            case "percent":
                digits = digits_of(value * 100)
                return Odd(_SPECIAL, digits and f"{digits}%")
        shown = of_number(value)
        return shown.zfill(form.width) if isinstance(shown, str) else shown

    def _whole_number(self, text: str | None, absent: int) -> int:
        if text is None:
            return absent
        if not (text.isascii() and text.isdigit() and len(text) <= 10):
            raise damaged(self._name, "a number inside is none")
        return int(text)


def _written_date(text: str) -> Odd:
    try:
        return of_date(dt.datetime.fromisoformat(text))
    except ValueError:
        return DATE


def _child(element: etree._Element, name: str) -> etree._Element | None:
    for child in element:
        if local_name(child) == name:
            return child
    return None


def _column(reference: str, following: int) -> int:
    """The column of `B17`, from 0; the `following` one where there is no reference, -1 where it is no reference."""
    if not reference:
        return following
    letters = reference.rstrip("0123456789")
    if not (letters.isascii() and letters.isalpha() and letters.isupper()):
        return -1
    index = 0
    for letter in letters[:4]:
        index = index * 26 + ord(letter) - 64
    return index - 1


def _unescaped(text: str) -> str:
    """Text with its `_x000D_` escapes undone (ECMA-376 part 1, 22.9.2.19)."""
    return _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text) if "_x" in text else text
