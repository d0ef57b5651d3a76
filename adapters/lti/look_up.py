"""One person, while their launch waits: in the member list of the course that they launch from.

NRPS 2.0 cannot be asked for one person. But who launches is a member of the launch's course, and its list is short.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from adapters.lti.roster import member_of, open_lists
from adapters.lti.settings import Settings
from bridge.contracts import ReaderContext, RosterMember
from bridge.errors import LearnerNotFound, RemoteRefused
from bridge.identifiers import normalize
from bridge.lti.nrps import Membership, read_members
from bridge.roster.tokens import Token

MOST_PAGES: Final = 20
"""Pages that one look-up may ask for, over all courses."""
TOO_LONG: Final = (
    f"nobody in OttoLearn has it, and nobody in the first {MOST_PAGES} pages of the LMS's member lists, which cannot "
    "be asked for one person: newcomers come with the next sync"
)
GONE: Final = {404, 410}


def look_up(settings: Settings, context: ReaderContext, student_id: str) -> Sequence[RosterMember]:
    """Who has this student ID in the launch's course, or where none is known, in the courses that launches named.

    Raises LearnerNotFound where the lists are too long to be read to their end, and what reading them raises.
    """
    lists = open_lists(settings, context)
    launched = lists.services.course
    if launched and settings.roster.filters.courses and launched not in settings.roster.filters.courses:
        return []
    wanted, left = normalize(student_id), MOST_PAGES
    for course in (launched,) if launched else lists.courses:
        found: dict[str, RosterMember] = {}
        for page in _pages(course, lists.token, context):
            members = [member_of(one, settings.student_id) for one in page]
            found |= {one.fields["user_id"]: one for one in members if one.student.student_id == wanted}
            left -= 1
            if not left:
                break
        if found:
            return list(found.values())
        if not left:
            raise LearnerNotFound(TOO_LONG)
    return []


def look_up_lacks(settings: Settings) -> str:
    """What is missing to look somebody up."""
    if settings.custom_name:
        return "a `student_id` that the platform itself fills: custom fields of a member list are those of one link"
    usable = settings.lti13 is not None and settings.lti13.token_url is not None
    return "" if usable else "the key `lti13` with `token_url`"


def _pages(course: str, token: Token, context: ReaderContext) -> Iterator[Sequence[Membership]]:
    """The members of a course; nobody where it is not there any more."""
    try:
        yield from read_members(course, token, context)
    except RemoteRefused as error:
        if error.status not in GONE:
            raise
