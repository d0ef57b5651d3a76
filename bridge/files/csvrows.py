"""CSV as people and programs really write it: the delimiter is found, and no quote swallows a row."""

from __future__ import annotations

import csv
import io
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO, NamedTuple

from bridge.errors import RosterIncomplete
from bridge.files.encodings import ALLOWED

MAX_LINE = 1024 * 1024
"""Characters of one line."""
DELIMITERS = ",;\t|"
_HEAD = 10
"""Lines by which the delimiter is found: above the headers may stand a title."""


class Record(NamedTuple):
    """One row of a CSV file."""

    number: int
    """Which row it is, from 1, as a spreadsheet program counts (a quoted line break does not count)."""
    cells: list[str]


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
        raise RosterIncomplete(f"{where} comes what is not {encoding} text; {ALLOWED}") from error
    finally:
        with suppress(ValueError):  # whoever owns the file may have closed it first
            text.detach()


def _records(lines: _Lines, name: str, delimiter: str) -> Iterator[Record]:
    head = lines.peek(_HEAD)
    if not delimiter and head and head[0].lower().startswith("sep=") and len(head[0].strip()) == 5:
        delimiter = next(lines)[4]
    if not head:
        next(lines, "")  # raises what kept it from being read
        yield Record(1, [])
    opened = lines.number + 1
    try:
        for number, cells in enumerate(
            csv.reader(lines, delimiter=delimiter or find_delimiter(*head), strict=True), start=1
        ):
            yield Record(number, cells)
            opened = lines.number + 1
    except csv.Error as error:
        where = f"{name}: line {opened}" if opened >= lines.number else f"{name}: lines {opened} to {lines.number}"
        what = "a quote is opened and not closed, or text follows a closed one"
        raise RosterIncomplete(f"{where}: {what}; {ALLOWED}") from error


class _Lines:
    """The lines of a text, counted, none of them endless."""

    def __init__(self, text: io.TextIOWrapper, name: str) -> None:
        self._text = text
        self._name = name
        self._waiting: deque[str] = deque()
        self._broken: UnicodeError | None = None
        self.number = 0
        """Of the line last handed out, from 1."""

    def peek(self, count: int) -> list[str]:
        """The next lines, up to `count`, that are handed out all the same."""
        try:
            while len(self._waiting) < count and (line := self._read()):
                self._waiting.append(line)
        except UnicodeError as error:
            self._broken = error  # raised where it stands
        return [*self._waiting]

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._waiting.popleft() if self._waiting else self._read()
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) >= MAX_LINE:
            raise RosterIncomplete(f"{self._name}: line {self.number} is longer than {MAX_LINE} characters; {ALLOWED}")
        if "\0" in line:
            raise RosterIncomplete(f"{self._name}: line {self.number} holds a NUL character; {ALLOWED}")
        return line

    def _read(self) -> str:
        if self._broken:
            raise self._broken  # what lay behind it is lost
        return self._text.readline(MAX_LINE)


def find_delimiter(*lines: str) -> str:
    """The delimiter that splits the most of these lines into one number of columns, and into the most of them.

    Quotes are respected; a comma where none splits any.
    """
    bare = ["".join(line.split('"')[::2]) for line in lines if line.strip()]

    def measure(delimiter: str) -> tuple[int, int]:
        counts = Counter(count for line in bare if (count := line.count(delimiter)))
        return max(((lines, count) for count, lines in counts.items()), default=(0, 0))

    return max(DELIMITERS, key=measure)
