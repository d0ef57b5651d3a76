"""Which column is which field: as configured, or recognised, and said before anything is written."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Literal, NamedTuple

from adapters.spreadsheet.cells import address, column_letters
from adapters.spreadsheet.headers import KNOWN, is_unmatched, layout_of, plain, unaccented
from adapters.spreadsheet.rows import MAX_COLUMNS, TOO_WIDE, Row
from adapters.spreadsheet.settings import Settings
from bridge.errors import RosterIncomplete

SHOWN = 30
MAX_ABOVE = 10
"""Rows of titles and notes that may stand above the headers."""
_NAMES = ("first_name", "last_name")
_OPTIONAL = (*_NAMES, "status")


How = Literal["configured", "named alike", "our own list", "recognised"]


class Column(NamedTuple):
    """Where a field stands."""

    field: str
    at: int
    """From 0."""
    header: str
    how: How

    def __str__(self) -> str:
        return f"{self.field}: column {column_letters(self.at)} ({self.header!r}, {self.how})"


def find_columns(header: Row, sheet: str, settings: Settings) -> Mapping[str, Column]:
    """Field -> column for every field the settings want, and for names and status where there are any.

    Raises RosterIncomplete, naming the cells, for duplicate headers, too many columns or a field without a column.
    """
    headers = header.texts
    if len(headers) > MAX_COLUMNS:
        raise RosterIncomplete(f"{sheet}: {TOO_WIDE}")
    _refuse_duplicates(headers, sheet, header.number)
    if settings.mode == "roster" and is_unmatched(headers):
        raise RosterIncomplete(f"{sheet}: a list of unmatched students is not everybody; allowed: `mode: link`")
    find = _finder(headers, settings)
    found = {name: column for name in (*settings.wanted, *_OPTIONAL) if (column := find(name))}
    missing = [name for name in settings.wanted if name not in found]
    missing += [name for name in settings.columns if name in _OPTIONAL and name not in found]
    if missing:
        raise RosterIncomplete(_missing(missing, headers, sheet, header.number))
    return found


def find_header(rows: Iterator[Row], sheet: str, settings: Settings) -> tuple[Row, Mapping[str, Column], Iterator[Row]]:
    """The row of headers, its columns, and the rows below it.

    It is the first row that is not blank, or, under a title, the first of a few in which every field has its header.
    Raises RosterIncomplete for none.
    """
    looked_at = [*islice((row for row in rows if not row.blank), MAX_ABOVE + 1)]
    if not looked_at:
        raise RosterIncomplete(f"{sheet} is empty; allowed: a row of headers, then people")
    failed: list[RosterIncomplete] = []
    for index, row in enumerate(looked_at):
        try:
            return row, find_columns(row, sheet, settings), chain(looked_at[index + 1 :], rows)
        except RosterIncomplete as error:
            failed.append(error)
    titles = (index for index, row in enumerate(looked_at) if not _is_title(row))
    raise failed[next(titles, 0)]


def _is_title(row: Row) -> bool:
    """Whether this may be the title of a sheet: a single cell."""
    return sum(not isinstance(cell, str) or bool(cell.strip()) for cell in row.cells) == 1


def guess_of(columns: Mapping[str, Column], settings: Settings) -> str:
    """The columns that decide what is written and that only their headers told, as the configuration would say it."""
    unused = _NAMES if settings.mode == "link" else ()
    found = (column for name, column in sorted(columns.items()) if name not in unused)
    return ", ".join(
        f"{column.field}: {json.dumps(column.header, ensure_ascii=False)}"
        for column in found
        if column.how == "recognised"
    )


def _finder(headers: Sequence[str], settings: Settings) -> Callable[[str], Column | None]:
    folded = [plain(header) for header in headers]
    bare = [unaccented(header) for header in folded]
    layout = layout_of(headers)
    by_layout: How = "our own list" if is_unmatched(headers) else "recognised"

    def column(name: str, wanted: Sequence[str], how: How) -> Column | None:
        asked = [plain(text) for text in wanted if text]
        for text, there in (*((text, folded) for text in asked), *((unaccented(text), bare) for text in asked)):
            if text in there:
                index = there.index(text)
                return Column(name, index, headers[index], how)
        return None

    def find(name: str) -> Column | None:
        roles = (name, "student_id") if name == settings.student_id else (name,)
        configured = [settings.columns[role] for role in roles if role in settings.columns]
        if configured:
            return column(name, configured, "configured")
        attempts: tuple[tuple[list[str], How], ...] = (
            ([layout.get(role, "") for role in roles], by_layout),
            ([name] if name != "status" else [], "named alike"),
            ([text for role in roles for text in KNOWN.get(role, ())], "recognised"),
        )
        for wanted, how in attempts:
            if found := column(name, wanted, how):
                return found
        return None

    return find


def _refuse_duplicates(headers: Sequence[str], sheet: str, row: int) -> None:
    first: dict[str, int] = {}
    for index, header in enumerate(headers):
        known = first.setdefault(plain(header), index)
        if known != index and plain(header):
            raise RosterIncomplete(
                f"{address(sheet, index, row)}: the same header as {address(sheet, known, row)}; "
                "allowed: every header once; rename or remove one"
            )


def _missing(missing: Sequence[str], headers: Sequence[str], sheet: str, row: int) -> str:
    shown = ", ".join(repr(header[:60]) for header in headers[:SHOWN] if header) or "no headers"
    return (
        f"{sheet}!A{row}: no column for {', '.join(missing)}; found {shown}; "
        f'allowed: a header of that name, or `columns: {{{missing[0]}: "its header"}}` in the connection'
    )
