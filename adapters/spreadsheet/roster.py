"""The roster in a file, a page at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from adapters.spreadsheet.columns import guess_of
from adapters.spreadsheet.problems import SheetRefused
from adapters.spreadsheet.reader import Sheet, open_sheet
from adapters.spreadsheet.settings import Settings
from bridge.contracts import ReaderContext, RosterEnd, RosterMember, RosterPages
from bridge.roster.completeness import require_complete

PAGE = 1_000
RIGHTS = "Export the file again, with everybody in it."


def read_roster(settings: Settings, context: ReaderContext) -> RosterPages:
    """Everybody in the file, rows with mistakes left out.

    Says by `means.notice` as what the file was read, and in the RosterEnd what of that nobody had named. In
    `roster` mode a row that cannot be read might be anybody's, so one mistake keeps the roster from ending:
    SheetRefused, with every mistake. In `link` mode nobody is ever deactivated; the mistakes are noticed, and the
    rest is linked. Raises RosterIncomplete for everything else.
    """
    guessed: list[str] = []
    for page in require_complete(_pages(settings, context, guessed.append), settings.student_id, RIGHTS):
        yield page._replace(guess="".join(guessed)) if isinstance(page, RosterEnd) else page


def _pages(
    settings: Settings, context: ReaderContext, guessed: Callable[[str], None]
) -> Iterator[Sequence[RosterMember]]:
    with open_sheet(settings, context.usernames) as sheet:
        yield from iter(lambda: list(islice(sheet.members, PAGE)), [])
    guessed(_guess(sheet, settings))
    context.notice(f"{settings.file.name}: {sheet.summary()}")
    for remark in sheet.remarks():
        context.notice(remark)
    if sheet.count:
        _report(SheetRefused(settings.file.name, sheet.problems, sheet.count), settings, context)


def _guess(sheet: Sheet, settings: Settings) -> str:
    """What was taken for what without being told, and decides what is written, as the configuration would say it."""
    encoding = f"encoding: {sheet.guessed_encoding}" if sheet.beyond_ascii else ""
    return "; ".join(filter(None, (encoding, guess_of(sheet.columns, settings))))


def _report(refused: SheetRefused, settings: Settings, context: ReaderContext) -> None:
    if settings.mode == "roster":
        raise refused
    context.notice(str(refused))
