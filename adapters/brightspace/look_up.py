"""One person, while their launch waits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from adapters.brightspace.api import Brightspace
from adapters.brightspace.people import People
from adapters.brightspace.settings import Settings
from bridge.contracts import ReaderContext, RosterMember
from bridge.identifiers import normalize

PARAMETERS: Final = {"OrgDefinedId": "orgDefinedId", "UserName": "userName", "ExternalEmail": "externalEmail"}
"""By what Brightspace finds users."""


def look_up(settings: Settings, context: ReaderContext, student_id: str) -> Sequence[RosterMember]:
    """Who has this student ID now. Raises what `bridge.errors` names."""
    parameter = PARAMETERS.get(settings.student_id)
    if parameter is None:
        return []
    found = Brightspace(settings, context, launching=True).find(parameter, student_id)
    people = People(settings).page(found)
    return [one for one in people if normalize(one.student.student_id) == normalize(student_id)]


def look_up_lacks(settings: Settings) -> str:
    """What is missing to look somebody up."""
    return "" if settings.student_id in PARAMETERS else f"Brightspace finds nobody by {settings.student_id}"
