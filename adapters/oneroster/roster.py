"""Everybody OneRoster knows, or only what changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from adapters.oneroster.csvzip import read_zip
from adapters.oneroster.people import belongs, read_user
from adapters.oneroster.rest import read_users
from adapters.oneroster.settings import Settings
from bridge.contracts import Means, RosterMember, RosterPages
from bridge.rosters import whole

RIGHTS = "In the student information system, let this client read users, and check `student_id` and roster.filters."


def read_roster(settings: Settings, means: Means) -> RosterPages:
    """The whole roster, a page at a time, then its end. Raises what `bridge.errors` names."""
    return whole(_members(settings, _whole_source(settings, means)), settings.student_id, RIGHTS)


def read_changes(settings: Settings, means: Means, since: float) -> Iterator[Sequence[RosterMember]]:
    """Who was changed after `since` (seconds since 1970), or who is in a delta zip; nobody absent is gone.

    Services are late and strict in different ways: ask from some minutes before the start of the last reading.
    """
    return _members(settings, _changed_source(settings, means, since))


def _whole_source(settings: Settings, means: Means) -> Iterator[Sequence[Mapping[str, Any]]]:
    filters = settings.roster.filters
    if settings.api is not None:
        yield from read_users(settings.api, filters, means)
    if settings.file is not None:
        yield from read_zip(settings.file, filters)


def _changed_source(settings: Settings, means: Means, since: float) -> Iterator[Sequence[Mapping[str, Any]]]:
    filters = settings.roster.filters
    if settings.api is not None:
        yield from read_users(settings.api, filters, means, since)
    if settings.file is not None:
        yield from read_zip(settings.file, filters, changes=True)


def _members(settings: Settings, source: Iterator[Sequence[Mapping[str, Any]]]) -> Iterator[Sequence[RosterMember]]:
    filters = settings.roster.filters
    by_role = settings.api is not None and bool(filters.roles or filters.orgs)
    for page in source:
        yield [read_user(user, settings.student_id) for user in page if not by_role or belongs(user, filters)]
