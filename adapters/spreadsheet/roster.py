"""The roster in a file, a page at a time."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from adapters.spreadsheet.problems import SheetRefused
from adapters.spreadsheet.reader import Sheet, open_sheet
from adapters.spreadsheet.settings import Settings
from bridge.contracts import Means, RosterEnd, RosterMember, RosterPages

PAGE = 1_000


def read_roster(settings: Settings, means: Means) -> RosterPages:
    """Everybody in the file, rows with mistakes left out.

    Says by `means.notice` which column was taken for what. In `roster` mode a row that cannot be read might be
    anybody's, so one mistake keeps the roster from ending: SheetRefused, with every mistake. In `link` mode nobody is
    ever taken for gone; the mistakes are noticed, and the rest is linked.
    """
    with open_sheet(settings) as sheet:
        for column in sheet.columns.values():
            means.notice(f"{sheet.name}: {column}")
        total = 0
        for page in _pages(sheet.members):
            total += len(page)
            yield page
    _report(sheet, settings, means)
    yield RosterEnd(total)


def _pages(members: Iterator[RosterMember]) -> Iterator[list[RosterMember]]:
    return iter(lambda: list(islice(members, PAGE)), [])


def _report(sheet: Sheet, settings: Settings, means: Means) -> None:
    if not sheet.count:
        return
    refused = SheetRefused(settings.file.name, sheet.problems, sheet.count)
    if settings.mode == "roster":
        raise refused
    means.notice(str(refused))
