"""Rows of a table as members of a roster, and the mistakes in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from adapters.spreadsheet.cells import ALLOWED_TEXT, Cell, Odd, address, column_letters, read_text
from adapters.spreadsheet.columns import Column, find_header
from adapters.spreadsheet.headers import hashed_among
from adapters.spreadsheet.ids import ALLOWED_ID, read_id
from adapters.spreadsheet.padding import Padding
from adapters.spreadsheet.problems import Problem
from adapters.spreadsheet.rows import Row
from adapters.spreadsheet.settings import Settings
from adapters.spreadsheet.table import Table, open_table
from bridge.contracts import PLACE, RosterMember, Student
from bridge.errors import RosterIncomplete

MAX_PROBLEMS = 10_000
"""How many are kept; the others are only counted."""
_ACTIVE = {"", "active", "yes", "y", "true", "1", "enabled"}
_INACTIVE = {"inactive", "deleted", "suspended", "disabled", "terminated", "no", "n", "false", "0"}
ALLOWED_VALUE = "a value in every row that stands for somebody; of a formula, saved by the spreadsheet program"
ALLOWED_STATUS = "active, suspended, inactive, deleted, yes, no"


@dataclass
class Sheet:
    """An open sheet whose columns are known; iterate over `members` once, then look at the mistakes."""

    name: str
    columns: Mapping[str, Column]
    ids: frozenset[int]
    """Where IDs stand: columns, from 0."""
    hashed: frozenset[int] = frozenset()
    """Columns before whose values a `#` is set that is no part of them."""
    description: str = ""
    """What kind of file it is, and how that is known."""
    header: Row = field(default_factory=lambda: Row(1, ()))
    encoding: str = ""
    """The one that was asked for."""
    guessed_encoding: str = ""
    """The one that was guessed."""
    beyond_ascii: bool = False
    """Whether anything that is used depends on the encoding; only looked at where that is a guess."""
    rows: int = 0
    """How many rows with anything in them were read below the header."""
    members: Iterator[RosterMember] = field(default_factory=lambda: iter(()))
    problems: list[Problem] = field(default_factory=list)
    count: int = 0
    """How many mistakes there were, also those that are not kept."""
    padding: dict[int, Padding] = field(default_factory=dict)
    """By column of IDs."""

    def add(self, problem: Problem) -> None:
        """Keep a mistake, or only count it where there are too many."""
        self.count += 1
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(problem)

    def summary(self) -> str:
        """In one line: as what the file was read, how much of it, and which column was taken for what."""
        above = f", {self.header.number - 1} above skipped" if self.header.number > 1 else ""
        columns = ", ".join(map(str, self.columns.values()))
        rows = "1 row" if self.rows == 1 else f"{self.rows:,} rows"
        return (
            f"{self.description}; {rows} below the headers in row {self.header.number}{above}; "
            f"{len(self.header.cells)} columns, of them {columns}"
        )

    def remarks(self) -> Iterator[str]:
        """What is worth knowing of the rows that were read, though it is no mistake."""
        for at, padding in self.padding.items():
            if remark := padding.remark(column_letters(at)):
                yield f"{self.name}: {remark}"


@contextmanager
def open_sheet(settings: Settings, usernames: Sequence[str] = ()) -> Iterator[Sheet]:
    """Open the file and find its columns, those that fill one of OttoLearn's `usernames` being columns of IDs.

    Raises RosterIncomplete where the file cannot be read as a whole.
    """
    with open_table(settings.file, settings.sheet, settings.encoding) as table:
        try:
            header, columns, rows = find_header(table.rows, table.sheet, settings)
        except RosterIncomplete as error:
            raise RosterIncomplete(f"{settings.file.name}: {error}; read as {table.description}") from error
        ids = settings.ids(usernames)
        at = frozenset(column.at for name, column in columns.items() if name in ids)
        sheet = Sheet(table.sheet, columns, at, hashed_among(header.texts), table.description, header)
        sheet.encoding, sheet.guessed_encoding = settings.encoding, table.guess
        sheet.padding = {column: Padding() for column in sorted(at)}
        sheet.members = _members(rows, table, sheet, settings)
        yield sheet


def _members(rows: Iterator[Row], table: Table, sheet: Sheet, settings: Settings) -> Iterator[RosterMember]:
    reading = _Reading(sheet, settings, even=table.even)
    for row in rows:
        if row.blank:
            continue
        sheet.rows += 1
        member = reading.member(row)
        if member is not None:
            yield member


class _Reading:
    """From rows to members: what differs from sheet to sheet is worked out once."""

    def __init__(self, sheet: Sheet, settings: Settings, *, even: bool) -> None:
        self._sheet = sheet
        self._cells = {0, len(sheet.header.cells)} if even else None
        self._link = settings.mode == "link"
        self._columns = [sheet.columns[name] for name in settings.wanted]
        self._needed = 2 if self._link else 1
        """How many of them must not be empty: the student ID, and what the person is found by."""
        self._read = [(column.at, _reading_of(column.at, sheet)) for column in self._columns]
        self._padding = [
            (at, sheet.padding[column.at]) for at, column in enumerate(self._columns) if column.at in sheet.ids
        ]
        self._names = [sheet.columns[name] for name in ("first_name", "last_name") if name in sheet.columns]
        self._status = sheet.columns.get("status")
        self._width = max(column.at for column in sheet.columns.values()) + 1
        self._keys = ("student_id", *(column.field for column in (*self._names, *self._columns)))
        self._place = f"{sheet.name}!{column_letters(self._columns[0].at)}"

    def member(self, row: Row) -> RosterMember | None:
        """The person in a row; None for mistakes, which are noted, and where `link` has nobody to link."""
        if self._cells is not None and len(row.cells) not in self._cells:
            self._note(
                row,
                0,
                "more or fewer cells than the header has",
                "as many as the header; put quotes around text with a delimiter",
            )
            return None
        cells = row.cells
        if len(cells) < self._width:
            cells = [*cells, *[""] * (self._width - len(cells))]
        before = self._sheet.count
        active = self._status is None or self._active(row, self._status.at, cells[self._status.at])
        if self._link and not active:
            return None
        values = [read(cells[at]) for at, read in self._read]
        if Odd in map(type, values) or not all(values[: self._needed]):
            self._note_mistakes(row, values)
        if self._sheet.count != before:
            return None
        for number, padding in self._padding:
            padding.note(str(values[number]), row.number)
        names = (read_text(cells[column.at]) for column in self._names)
        return self._person(row, values, ["" if isinstance(name, Odd) else name for name in names], active)

    def _person(self, row: Row, values: Sequence[Any], names: Sequence[str], active: bool) -> RosterMember:
        """`values`: of the columns, none of them odd."""
        if self._sheet.guessed_encoding:
            self._sheet.beyond_ascii |= not "".join([*values, *([] if self._link else names)]).isascii()
        student_id = values[0]
        fields = dict(zip(self._keys, (student_id, *names, *values), strict=True))
        if self._link:
            fields[PLACE] = f"{self._place}{row.number}"
        return RosterMember(
            Student(student_id, fields.get("first_name", ""), fields.get("last_name", "")), fields, active
        )

    def _active(self, row: Row, at: int, cell: Cell) -> bool:
        text = read_text(cell)
        word = "odd" if isinstance(text, Odd) else text.casefold()
        if word not in _ACTIVE | _INACTIVE:
            self._note(row, at, "not a status", ALLOWED_STATUS)
        return word not in _INACTIVE

    def _note_mistakes(self, row: Row, values: Sequence[str | Odd]) -> None:
        for number, (column, value) in enumerate(zip(self._columns, values, strict=True)):
            if isinstance(value, Odd):
                allowed = ALLOWED_ID if column.at in self._sheet.ids else ALLOWED_TEXT
                self._note(row, column.at, f"found {value.what}", allowed)
            elif not value and number < self._needed:
                self._note(row, column.at, "empty", ALLOWED_VALUE)

    def _note(self, row: Row, index: int, what: str, allowed: str) -> None:
        self._sheet.add(Problem(address(self._sheet.name, index, row.number), row.number, what, allowed))


def _reading_of(at: int, sheet: Sheet) -> Callable[[Cell], str | Odd]:
    """How the cells of a column are read."""
    hashed = at in sheet.hashed
    if at in sheet.ids:
        return partial(read_id, hashed=True) if hashed else read_id
    return (lambda cell: read_text(cell.removeprefix("#") if isinstance(cell, str) else cell)) if hashed else read_text
