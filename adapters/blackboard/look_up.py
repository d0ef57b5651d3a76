"""One person, while their launch waits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from adapters.blackboard.api import Blackboard
from adapters.blackboard.people import People
from adapters.blackboard.roster import require_api
from adapters.blackboard.settings import Settings
from bridge.contracts import ReaderContext, RosterMember
from bridge.identifiers import normalize

KINDS: Final = {"externalId": "externalId", "userName": "userName", "uuid": "uuid", "id": ""}
"""By what Blackboard finds one user. It finds nobody by their student ID or email."""


def look_up(settings: Settings, context: ReaderContext, student_id: str) -> Sequence[RosterMember]:
    """Who has this student ID now. Raises what `bridge.errors` names."""
    api = require_api(settings)
    kind = KINDS.get(settings.student_id)
    if kind is None or "/" in student_id or (not kind and not student_id.startswith("_")):
        return []
    user = Blackboard(api, context, launching=True).user(kind, student_id)
    found = [] if user is None else People(settings).page([user])
    return [one for one in found if normalize(one.student.student_id) == normalize(student_id)]
