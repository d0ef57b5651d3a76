"""Everybody whom the identity provider has pushed, or only whoever changed; the bridge itself has kept them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from adapters.scim.people import read_person
from adapters.scim.settings import Settings
from bridge.contracts import ReaderContext, RosterEnd, RosterMember, RosterPages
from bridge.errors import RosterIncomplete
from bridge.roster.completeness import require_complete
from bridge.roster.services import Pushed, Pushes

RIGHTS = (
    "In the identity provider, assign people to the application and start provisioning, and let it send the attribute "
    "that `student_id` names."
)


def read_roster(settings: Settings, context: ReaderContext) -> RosterPages:
    """The whole roster, a page at a time, then its end. Raises RosterIncomplete."""
    began = context.now()
    for page in require_complete(_members(settings, _pushes(context).read(None)), settings.student_id, RIGHTS):
        yield page._replace(as_of=began) if isinstance(page, RosterEnd) else page


def read_changes(settings: Settings, context: ReaderContext, since: float) -> RosterPages:
    """Whoever was pushed since, or had a group pushed; then the proof that these are all."""
    began, total = context.now(), 0
    for page in _members(settings, _pushes(context).read(since)):
        total += len(page)
        yield page
    yield RosterEnd(total, began)


def look_up(settings: Settings, context: ReaderContext, student_id: str) -> Sequence[RosterMember]:
    """Those who have this student ID, by what was pushed so far."""
    found = _members(settings, iter([_pushes(context).find(settings.student_id, student_id)]))
    return [member for page in found for member in page if member.active and member.student.student_id == student_id]


def _members(settings: Settings, pages: Iterator[Sequence[Pushed]]) -> Iterator[Sequence[RosterMember]]:
    for page in pages:
        yield [read_person(pushed, settings.student_id, settings.roster.filters.groups) for pushed in page]


def _pushes(context: ReaderContext) -> Pushes:
    if context.pushes is None:
        raise RosterIncomplete("what was pushed cannot be read here: only the bridge's own database holds it")
    return context.pushes
