"""One person, while their launch waits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from adapters.smarteru.api import User
from adapters.smarteru.api_id import Number
from adapters.smarteru.people import chosen, member, require_fields
from adapters.smarteru.roster import Source, open_source
from adapters.smarteru.settings import SCORM_STUDENT_ID, Settings
from bridge.contracts import ReaderContext, RosterMember
from bridge.identifiers import normalize

ASKED_FOR: Final = 2
"""People of the export who are asked for first: the number in the API is never believed unasked."""


def look_up(settings: Settings, context: ReaderContext, student_id: str) -> Sequence[RosterMember]:
    """Who has this student ID now; nobody where the API may not show them. Raises what `bridge.errors` names."""
    source = open_source(settings, context, asked=ASKED_FOR, wait=False)
    user = _user(settings, source, student_id)
    if user is None:
        return ()
    require_fields([user], settings)
    found = [member(one, settings, source.number, source.export) for one in chosen([user], settings.roster.filters)]
    return [one for one in found if normalize(one.student.student_id) == normalize(student_id)]


def _user(settings: Settings, source: Source, student_id: str) -> User | None:
    if settings.student_id != SCORM_STUDENT_ID:
        return source.smarteru.get_user(settings.student_id, student_id)
    if source.number is Number.SCORM:
        return source.smarteru.get_user("ID", student_id)
    people = source.export.people if source.export is not None else ()
    known = next((person.profile_id for person in people if person.scorm_student_id == student_id), "")
    return source.smarteru.get_user("ID", known) if known else None
