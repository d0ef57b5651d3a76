"""CSV as people and programs really write it: delimiter and encoding found, and nothing guessed past a doubt."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import BinaryIO, NamedTuple

from bridge.errors import RosterIncomplete

MAX_LINE = 1024 * 1024
"""Characters of one line."""
DELIMITERS = ",;\t|"
_ALLOWED = 'allowed: a table saved as "CSV UTF-8"'
_CHUNK = 1024 * 1024
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_NOT_WINDOWS = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")
"""Bytes that Windows-1252 leaves undefined."""


class Record(NamedTuple):
    """One row of a CSV file."""

    number: int
    """Which row it is, from 1, as a spreadsheet program counts (a quoted line break does not count)."""
    cells: list[str]


def find_encoding(file: BinaryIO, name: str) -> str:
    """The encoding of `file`, looked for in all of it: UTF-8 and UTF-16 with or without mark, else Windows-1252.

    Raises RosterIncomplete, naming the line, where the bytes are none of these.
    """
    file.seek(0)
    start = file.read(4096)
    if start.startswith(_UTF16_MARKS):
        return "utf-16"
    if b"\0" in start:
        return "utf-16-le" if start[1::2].count(0) > start[0::2].count(0) else "utf-16-be"
    if _is_utf8(file, name):
        return "utf-8-sig"
    _refuse_undefined(file, name)
    return "windows-1252"


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    file.seek(0)
    return iter(partial(file.read, _CHUNK), b"")


def _refuse_undefined(file: BinaryIO, name: str) -> None:
    line = 1
    for chunk in _chunks(file):
        if found := _NOT_WINDOWS.search(chunk):
            at = line + chunk.count(b"\n", 0, found.start())
            raise RosterIncomplete(f"{name}: line {at} is neither UTF-8 nor Windows-1252 text; {_ALLOWED}")
        line += chunk.count(b"\n")


def _is_utf8(file: BinaryIO, name: str) -> bool:
    """Whether all of it is; raises where a part is and a part is not. A mark at the start counts as such a part."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    line, beyond_ascii = 1, False
    try:
        for chunk in _chunks(file):
            part = decoder.decode(chunk)
            beyond_ascii = beyond_ascii or not part.isascii()
            line += chunk.count(b"\n")
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        good = error.object[: error.start]
        if beyond_ascii or not good.isascii():
            at = line + good.count(b"\n")
            raise RosterIncomplete(f"{name}: line {at} is not UTF-8, while lines before it are; {_ALLOWED}") from error
        return False
    return True


def read_csv(file: BinaryIO, name: str, *, encoding: str, delimiter: str = "") -> Iterator[Record]:
    """The rows of `file` from its start, read as it is asked for them; a `delimiter` not given is found.

    Raises RosterIncomplete, naming the line, for text of another encoding, an unbalanced quote or an endless line.
    """
    text = io.TextIOWrapper(file, encoding=encoding, newline="")
    lines = _Lines(text, name)
    try:
        yield from _records(lines, name, delimiter)
    except UnicodeError as error:
        where = f"{name}: after line {lines.number}"
        raise RosterIncomplete(f"{where} comes what is not {encoding} text; {_ALLOWED}") from error
    finally:
        with suppress(ValueError):  # whoever owns the file may have closed it first
            text.detach()


def _records(lines: _Lines, name: str, delimiter: str) -> Iterator[Record]:
    first = next(lines, "")
    if not delimiter and first.lower().startswith("sep=") and len(first.strip()) == 5:
        delimiter, first = first[4], next(lines, "")
    lines.push_back(first)
    opened = lines.number
    try:
        for number, cells in enumerate(
            csv.reader(lines, delimiter=delimiter or find_delimiter(first), strict=True), start=1
        ):
            yield Record(number, cells)
            opened = lines.number + 1
    except csv.Error as error:
        where = f"{name}: line {opened}" if opened >= lines.number else f"{name}: lines {opened} to {lines.number}"
        what = "a quote is opened and not closed, or text follows a closed one"
        raise RosterIncomplete(f"{where}: {what}; {_ALLOWED}") from error


class _Lines:
    """The lines of a text, counted, none of them endless."""

    def __init__(self, text: io.TextIOWrapper, name: str) -> None:
        self._text = text
        self._name = name
        self._waiting: list[str] = []
        self.number = 0
        """Of the line last handed out, from 1."""

    def push_back(self, line: str) -> None:
        """Hand `line` out again."""
        self._waiting.append(line)

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if self._waiting:
            return self._waiting.pop()
        line = self._text.readline(MAX_LINE)
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) >= MAX_LINE:
            raise RosterIncomplete(f"{self._name}: line {self.number} is longer than {MAX_LINE} characters; {_ALLOWED}")
        if "\0" in line:
            raise RosterIncomplete(f"{self._name}: line {self.number} holds a NUL character; {_ALLOWED}")
        return line


def find_delimiter(header: str) -> str:
    """The delimiter that splits a header line into the most columns, quotes respected; a comma where none does."""
    bare = "".join(header.split('"')[::2])
    return max(DELIMITERS, key=bare.count)
