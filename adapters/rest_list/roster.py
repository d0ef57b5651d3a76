"""Everybody on a list, or the one person with a student ID."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import quote

from adapters.rest_list.listing import read_found, read_items
from adapters.rest_list.people import PeopleReader
from adapters.rest_list.session import address, open_session
from adapters.rest_list.settings import Settings
from bridge.contracts import ReaderContext, RosterEnd, RosterMember, RosterPages
from bridge.errors import RosterIncomplete
from bridge.net.http import DEADLINE
from bridge.roster.clock import ServiceClock
from bridge.roster.completeness import require_complete
from bridge.roster.prefetch import prefetch

PREFETCHED = 2
"""Pages that are fetched while people are read."""


def read_roster(settings: Settings, context: ReaderContext) -> RosterPages:
    """The whole roster, a page at a time, then its end. Raises what `bridge.errors` names."""
    clock = ServiceClock()
    for page in require_complete(_everybody(settings, context, clock), settings.student_id, settings.list.rights):
        yield page._replace(as_of=clock.first) if isinstance(page, RosterEnd) else page


def read_changes(settings: Settings, context: ReaderContext, since: float) -> RosterPages:
    """Whom the LMS changed after `since`, by its clock, then the proof that these are all."""
    if not settings.list.changes:
        raise RosterIncomplete("the list cannot be asked for changes; it is always read whole")
    reader, clock, total = PeopleReader(settings), ServiceClock(), 0
    for page in _members(settings, context, reader, clock, since):
        total += len(page)
        yield page
    reader.require_fields()
    yield RosterEnd(total, clock.first)


def look_up(settings: Settings, context: ReaderContext, student_id: str) -> Sequence[RosterMember]:
    """Who has this student ID now, where the LMS can be asked for one person. Raises what `bridge.errors` names."""
    template = settings.list.find.get(settings.student_id, "")
    if not template:
        return []
    url = address(settings, template.replace("{value}", quote(student_id, safe="")))
    reader = PeopleReader(settings)
    found = reader.members(read_found(settings, open_session(settings, context, DEADLINE), url))
    return [member for member in found if member.student.student_id == student_id]


def _everybody(settings: Settings, context: ReaderContext, clock: ServiceClock) -> Iterator[Sequence[RosterMember]]:
    reader = PeopleReader(settings)
    yield from _members(settings, context, reader, clock)
    reader.require_all()


def _members(
    settings: Settings, context: ReaderContext, reader: PeopleReader, clock: ServiceClock, since: float | None = None
) -> Iterator[Sequence[RosterMember]]:
    items = read_items(settings, context, open_session(settings, context), clock, since)
    with prefetch(items, depth=PREFETCHED) as pages:
        for page in pages:
            yield list(reader.members(page))
