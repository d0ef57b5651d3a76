"""Everybody Brightspace shows to the user who consented. It cannot be asked for what changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from adapters.brightspace.api import Brightspace
from adapters.brightspace.people import RIGHTS, People
from adapters.brightspace.settings import Settings
from bridge.contracts import ReaderContext, RosterMember, RosterPages
from bridge.roster.completeness import require_complete


def read_roster(settings: Settings, context: ReaderContext) -> RosterPages:
    """The whole roster, a page at a time, then its end. Raises what `bridge.errors` names."""
    return require_complete(_pages(settings, Brightspace(settings, context)), settings.student_id, RIGHTS)


def _pages(settings: Settings, brightspace: Brightspace) -> Iterator[Sequence[RosterMember]]:
    people = People(settings)
    for users in brightspace.users():
        yield people.page(users)
    people.require_fields()
