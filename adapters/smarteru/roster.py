"""Everybody in a SmarterU account, or whom it changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from adapters.smarteru.api import Refused, SmarterU, User
from adapters.smarteru.api_id import AGREEING, ASKED_FOR, ExportComparison, Number, ask, require_number
from adapters.smarteru.dates import FIRST, FORMATS, LAST, Write, span
from adapters.smarteru.export import Export, read_export
from adapters.smarteru.people import RIGHTS, chosen, member, require_fields
from adapters.smarteru.settings import SCORM_STUDENT_ID, Settings
from bridge.contracts import ReaderContext, RosterEnd, RosterMember, RosterPages
from bridge.errors import RosterIncomplete
from bridge.roster.completeness import require_complete
from bridge.roster.paging import Page, PageGuard, ends, walk

Days = tuple[str, str]


class Source(NamedTuple):
    """One account, and what the number in its API is."""

    smarteru: SmarterU
    export: Export | None
    number: Number | None
    """None where nobody needs to know."""


def open_source(
    settings: Settings, context: ReaderContext, *, asked: int = ASKED_FOR, wait: bool = True, sees_all: bool = False
) -> Source:
    """The account of a connection. `asked`: how many people of the export are asked for; `sees_all`: whether the API
    must find nearly all of them.

    Raises RosterIncomplete where it does not, or where it cannot be said which number the API has.
    """
    smarteru = SmarterU(settings.api, context, wait=wait)
    if settings.export is None or settings.student_id != SCORM_STUDENT_ID:
        return Source(smarteru, None, None)
    export = read_export(settings.export)
    verdict = ask(smarteru, export, asked)
    number = require_number(verdict, export)
    if sees_all and verdict.found < verdict.asked * AGREEING:
        raise RosterIncomplete(f"{verdict.summary()}: changes of the others would be missed")
    return Source(smarteru, export, number)


def read_roster(settings: Settings, context: ReaderContext) -> RosterPages:
    """The whole roster, a page at a time, then its end. Raises what `bridge.errors` names."""
    source = open_source(settings, context)
    comparison = (
        None if source.export is None or source.number is None else ExportComparison(source.export, source.number)
    )
    for page in require_complete(
        _members(settings, source, _held(_users(source.smarteru), comparison)), settings.student_id, RIGHTS
    ):
        if isinstance(page, RosterEnd):
            _close(comparison, context)
            page = page._replace(as_of=source.smarteru.clock.first)  # noqa: PLW2901
        yield page


def read_changes(settings: Settings, context: ReaderContext, since: float) -> RosterPages:
    """Whom SmarterU changed since a moment (seconds since 1970, by its clock), then the proof that these are all.

    Raises RosterIncomplete where the student IDs come from the export, which may be a new one.
    """
    source = open_source(settings, context, sees_all=True)
    if source.number is Number.PROFILE:
        raise RosterIncomplete("the API has the Profile ID, and the export brings the student IDs")
    days, total = span(since, _understood(source.smarteru)), 0
    for page in _members(settings, source, _users(source.smarteru, days)):
        total += len(page)
        yield page
    yield RosterEnd(total, source.smarteru.clock.first)


def _understood(smarteru: SmarterU) -> Write:
    """How this account writes days. Raises RosterIncomplete where it understands neither way."""
    for write in FORMATS:
        try:
            _, total = smarteru.list_users(1, (write(FIRST), write(LAST)))
        except Refused:
            continue
        if total:
            return write
    raise RosterIncomplete("SmarterU finds nobody by the day of a change, however the day is written")


class _Numbered:
    """Pages by number, until as many people came as there are."""

    def __init__(self, size: int) -> None:
        self._size = size

    def following(self, position: str, page: Page[User], guard: PageGuard) -> str:
        return "" if ends(page, guard, self._size) else str(int(position) + 1)


def _users(smarteru: SmarterU, modified: Days | None = None) -> Iterator[Sequence[User]]:
    def read(position: str) -> Page[User]:
        return Page(*smarteru.list_users(int(position), modified))

    guard = PageGuard(smarteru.host, people="users", key="ID")
    return walk("1", read, _Numbered(smarteru.page_size), guard, lambda user: user.get("ID", ""))


def _held(pages: Iterator[Sequence[User]], comparison: ExportComparison | None) -> Iterator[Sequence[User]]:
    for page in pages:
        for user in page if comparison is not None else ():
            if comparison is not None:
                comparison.note(user)
        yield page


def _members(settings: Settings, source: Source, pages: Iterator[Sequence[User]]) -> Iterator[Sequence[RosterMember]]:
    for page in pages:
        require_fields(page, settings)
        people = chosen(page, settings.roster.filters)
        yield [member(user, settings, source.number, source.export) for user in people]


def _close(comparison: ExportComparison | None, context: ReaderContext) -> None:
    """Refuse a list that does not fit the export."""
    if comparison is None:
        return
    comparison.require_same()
    comparison.require_all()
    if missing := comparison.missing():
        context.notice(f"{missing} people of the export are not in the API's list; make a new export where they left")
