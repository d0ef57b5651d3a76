"""The members of an LTI platform's courses, each person once."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from functools import partial
from typing import NamedTuple

from adapters.lti.settings import Settings
from bridge.contracts import RECORD, ReaderContext, RosterMember, RosterPages
from bridge.errors import ConfigError, RemoteRefused, RosterIncomplete
from bridge.lti.nrps import SCOPE, Membership, read_members
from bridge.lti.service_token import Registration, ServiceTokens
from bridge.lti.student import read_student
from bridge.roster.completeness import require_complete
from bridge.roster.services import LtiServices
from bridge.roster.shared_token import token_of
from bridge.roster.tokens import Token

RIGHTS = (
    "In the platform, switch on Names and Role Provisioning for the tool and let it share names, emails and IDs; for "
    "custom fields, end each address in roster.filters.courses with ?rlid= and the id of a link of the tool."
)
NO_COURSES = (
    "no course is known yet: launch the tool once in each course, with Names and Role Provisioning switched on, or "
    "name the courses in roster.filters.courses"
)


def read_roster(settings: Settings, context: ReaderContext) -> RosterPages:
    """Everybody in the courses of `roster.filters.courses`, or where there are none in all that launches have named.

    Raises what `bridge.errors` names.
    """
    lists = open_lists(settings, context)
    if not lists.courses:
        raise RosterIncomplete(NO_COURSES)
    named = settings.roster.filters.courses
    forget = "" if named else f"ottobridge connections forget-course {lists.services.connection}"
    pages = _pages(settings.student_id, lists.courses, context, lists.token, forget)
    return require_complete(pages, settings.student_id, RIGHTS)


class MemberLists(NamedTuple):
    """What is needed to read the member lists of a platform."""

    services: LtiServices
    courses: Sequence[str]
    """Those of `roster.filters.courses`, or where there are none all that launches have named."""
    token: Token


def open_lists(settings: Settings, context: ReaderContext) -> MemberLists:
    """The member lists of a connection. Raises ConfigError where they cannot be asked for."""
    lti13 = settings.lti13
    if lti13 is None or lti13.token_url is None:
        raise ConfigError(["an LTI roster needs the key `lti13` in its connection, with `token_url`"])
    if context.services is None:
        raise ConfigError(["an LTI roster needs the bridge's own key, which is at hand only in a sync"])
    services = context.services()
    registration = Registration(lti13.token_url, lti13.client_id, lti13.token_audience)
    tokens = ServiceTokens(context.outbound, services.key, context.now, services.new_id)
    token = token_of(context, f"{lti13.client_id} {lti13.token_url}", partial(tokens.ask, registration, (SCOPE,)))
    return MemberLists(services, settings.roster.filters.courses or tuple(services.courses), token)


def _pages(
    student_id: str, courses: Sequence[str], context: ReaderContext, token: Token, forget: str
) -> Iterator[Sequence[RosterMember]]:
    """Everybody once, by `user_id`. Whoever is active in one course is active, so the inactive wait for the end.

    With courses that are gone it is read to the end all the same, so that the operator is told of all of them at once.
    """
    gone: list[str] = []
    active: set[str] = set()
    inactive: dict[str, Membership] = {}
    token.get()  # here, so that a token endpoint that is gone is not taken for a course that is
    for url in courses:
        for page in _members(url, token, context, gone):
            fresh = [member for member in page if member.active and member.user_id not in active]
            unique = {member.user_id: member for member in fresh}
            active |= unique.keys()
            inactive |= {member.user_id: member for member in page if not member.active}
            yield [member_of(member, student_id) for member in unique.values()]
    if gone:
        raise RosterIncomplete(_farewell(gone, len(courses), forget))
    yield [member_of(member, student_id) for user_id, member in inactive.items() if user_id not in active]


def _members(url: str, token: Token, context: ReaderContext, gone: list[str]) -> Iterator[Sequence[Membership]]:
    """The members of one course; where it is not there any more, nobody, and its address in `gone`."""
    try:
        yield from read_members(url, token, context)
    except RemoteRefused as error:
        if error.status not in {404, 410}:
            raise
        gone.append(url)


def _farewell(gone: Sequence[str], courses: int, forget: str) -> str:
    """What to do about courses that are gone; `forget` is the command, empty where the configuration names them."""
    mended = f"{forget} {shlex.join(gone)}" if forget else f"take out of roster.filters.courses: {', '.join(gone)}"
    return (
        f"{len(gone)} of {courses} courses are no longer listed; nobody will be deactivated. If they were closed for "
        f"good: {mended}"
    )


def member_of(member: Membership, student_id: str) -> RosterMember:
    """A member of a course as one of the roster."""
    own = member.fields.get(student_id, "")
    student = read_student(own, member.given_name, member.family_name, member.full_name)
    names = {"first_name": student.first_name, "last_name": student.last_name, RECORD: member.user_id}
    return RosterMember(student, {**member.fields, **names}, member.active)
