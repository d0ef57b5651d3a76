"""Which column is which field: as configured, or recognised, and said before anything is written."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple

from adapters.spreadsheet.cells import address, column_letters
from adapters.spreadsheet.headers import KNOWN, is_unmatched, layout_of, plain
from adapters.spreadsheet.rows import MAX_COLUMNS, TOO_WIDE, Row
from adapters.spreadsheet.settings import Settings
from bridge.errors import RosterIncomplete

SHOWN = 30
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
    layout = layout_of(headers)
    by_layout: How = "our own list" if is_unmatched(headers) else "recognised"

    def column(name: str, wanted: Sequence[str], how: How) -> Column | None:
        for text in wanted:
            if text and plain(text) in folded:
                index = folded.index(plain(text))
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
