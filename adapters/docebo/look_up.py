"""One person, while their launch waits."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.docebo.listing import read_username, search
from adapters.docebo.people import People
from adapters.docebo.roster import require_api
from adapters.docebo.settings import Settings
from adapters.docebo.signin import session
from bridge.contracts import ReaderContext, RosterMember
from bridge.identifiers import normalize


def look_up(settings: Settings, context: ReaderContext, student_id: str) -> Sequence[RosterMember]:
    """Who has this student ID now. Raises what `bridge.errors` names.

    Docebo looks for a text in names, usernames and addresses, so a number is turned into a username first.
    """
    api = require_api(settings)
    calls = session(api, context, wait=False)
    text = student_id
    if settings.student_id == "user_id":
        number = student_id.isascii() and student_id.isdigit()
        text = read_username(api, calls, student_id) if number else ""
    found = People(settings, context.now(), context.notice).page(search(api, calls, text)) if text else []
    return [one for one in found if normalize(one.student.student_id) == normalize(student_id)]
