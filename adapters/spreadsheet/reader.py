"""Rows of a table as members of a roster, and the mistakes in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from adapters.spreadsheet.cells import ALLOWED_ID, Odd, address, column_letters, read_id
from adapters.spreadsheet.columns import Column, find_columns
from adapters.spreadsheet.problems import Problem
from adapters.spreadsheet.rows import Row
from adapters.spreadsheet.settings import Settings
from adapters.spreadsheet.table import Table, open_table
from bridge.contracts import PLACE, RosterMember, Student, clean
from bridge.errors import RosterIncomplete

MAX_PROBLEMS = 10_000
"""How many are kept; the others are only counted."""
_ACTIVE = {"", "active", "yes", "y", "true", "1", "enabled"}
_INACTIVE = {"inactive", "deleted", "suspended", "disabled", "terminated", "no", "n", "false", "0"}
ALLOWED_STATUS = "active, suspended, inactive, deleted, yes, no"


@dataclass
class Sheet:
    """An open sheet whose columns are known; iterate over `members` once, then look at the mistakes."""

    name: str
    columns: Mapping[str, Column]
    members: Iterator[RosterMember]
    problems: list[Problem] = field(default_factory=list)
    count: int = 0
    """How many mistakes there were, also those that are not kept."""

    def add(self, problem: Problem) -> None:
        """Keep a mistake, or only count it where there are too many."""
        self.count += 1
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(problem)


@contextmanager
def open_sheet(settings: Settings) -> Iterator[Sheet]:
    """Open the file and find its columns. Raises RosterIncomplete where it cannot be read as a whole."""
    with open_table(settings.file, settings.sheet) as table:
        header = next((row for row in table.rows if not row.blank), None)
        if header is None:
            raise RosterIncomplete(
                f"{settings.file.name}: {table.sheet} is empty; allowed: a row of headers, then people"
            )
        columns = find_columns(header, table.sheet, settings)
        sheet = Sheet(table.sheet, columns, iter(()))
        sheet.members = _members(table, sheet, settings)
        yield sheet


def _members(table: Table, sheet: Sheet, settings: Settings) -> Iterator[RosterMember]:
    reading = _Reading(sheet, settings)
    for row in table.rows:
        if row.blank:
            continue
        member = reading.member(row)
        if member is not None:
            yield member


class _Reading:
    def __init__(self, sheet: Sheet, settings: Settings) -> None:
        self._sheet = sheet
        self._link = settings.mode == "link"
        self._id = settings.student_id
        self._required = {settings.student_id, *([settings.match] if self._link else [])}
        self._values = [sheet.columns[name] for name in settings.wanted]
        self._names = [sheet.columns.get("first_name"), sheet.columns.get("last_name")]
        self._status = sheet.columns.get("status")
        self._place = f"{sheet.name}!{column_letters(sheet.columns[settings.student_id].at)}"

    def member(self, row: Row) -> RosterMember | None:
        """The person in a row; None for mistakes, which are noted, and where `link` has nobody to link."""
        if not row.whole:
            self._note(
                row,
                0,
                "more or fewer cells than the header has",
                "as many as the header; put quotes around text with a delimiter",
            )
            return None
        before = self._sheet.count
        active = self._active(row)
        if self._link and not active:
            return None
        fields = {column.field: self._value(row, column) for column in self._values}
        if self._sheet.count != before:
            return None
        first, last = (self._name(row, column) for column in self._names)
        student_id = fields[self._id]
        names = {"first_name": first, "last_name": last}
        known = {name: text for name, text in names.items() if name in self._sheet.columns}
        place = {PLACE: f"{self._place}{row.number}"} if self._link else {}
        fields = {"student_id": student_id, **known, **fields, **place}
        return RosterMember(Student(student_id, first, last), fields, active)

    def _value(self, row: Row, column: Column) -> str:
        value = read_id(row.cells[column.at]) if column.at < len(row.cells) else ""
        if isinstance(value, Odd):
            self._note(row, column.at, f"found {value.what}", ALLOWED_ID)
            return ""
        if not value and column.field in self._required:
            self._note(row, column.at, "empty", ALLOWED_ID)
        return value

    def _name(self, row: Row, column: Column | None) -> str:
        cell = row.cells[column.at] if column and column.at < len(row.cells) else ""
        return clean(cell)

    def _active(self, row: Row) -> bool:
        word = self._name(row, self._status).casefold()
        if self._status is not None and word not in _ACTIVE | _INACTIVE:
            self._note(row, self._status.at, "not a status", ALLOWED_STATUS)
        return word not in _INACTIVE

    def _note(self, row: Row, index: int, what: str, allowed: str) -> None:
        self._sheet.add(Problem(address(self._sheet.name, index, row.number), row.number, what, allowed))
