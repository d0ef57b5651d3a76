"""Everybody OneRoster knows, or only what changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from adapters.oneroster.csvzip import read_zip
from adapters.oneroster.people import has_left, matches_filters, read_user
from adapters.oneroster.rest import read_users
from adapters.oneroster.settings import Settings
from bridge.contracts import ReaderContext, RosterEnd, RosterMember, RosterPages
from bridge.errors import RosterIncomplete
from bridge.roster.clock import ServiceClock
from bridge.roster.completeness import require_complete

RIGHTS = "In the student information system, let this client read users, and check `student_id` and roster.filters."


def read_roster(settings: Settings, context: ReaderContext) -> RosterPages:
    """The whole roster, a page at a time, then its end. Raises what `bridge.errors` names."""
    clock = ServiceClock()
    for page in require_complete(_members(settings, _everybody(settings, context, clock)), settings.student_id, RIGHTS):
        yield page._replace(as_of=clock.first) if isinstance(page, RosterEnd) else page


def read_changes(settings: Settings, context: ReaderContext, since: float) -> RosterPages:
    """Whom the service changed after `since` (seconds since 1970, by its clock), then the proof that these are all.

    Who was deleted comes whatever their roles are: they may have lost them. Raises what `bridge.errors` names.
    """
    if settings.api is None:
        raise RosterIncomplete("a zip is always read whole")
    clock, total = ServiceClock(), 0
    for page in _members(settings, read_users(settings.api, settings.roster.filters, context, clock, since)):
        total += len(page)
        yield page
    yield RosterEnd(total, clock.first)


def _everybody(
    settings: Settings, context: ReaderContext, clock: ServiceClock
) -> Iterator[Sequence[Mapping[str, Any]]]:
    if settings.api is not None:
        yield from read_users(settings.api, settings.roster.filters, context, clock)
    if settings.file is not None:
        yield from read_zip(settings.file, settings.roster.filters)


def _members(settings: Settings, source: Iterator[Sequence[Mapping[str, Any]]]) -> Iterator[Sequence[RosterMember]]:
    filters = settings.roster.filters
    by_role = settings.api is not None and bool(filters.roles or filters.orgs)
    for page in source:
        chosen = [user for user in page if not by_role or has_left(user) or matches_filters(user, filters)]
        yield [read_user(user, settings.student_id) for user in chosen]
