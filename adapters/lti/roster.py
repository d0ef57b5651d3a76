"""The members of an LTI platform's courses, each person once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from joserfc.jwk import RSAKey

from adapters.lti.settings import Settings
from bridge.contracts import Means, RosterMember, RosterPages
from bridge.errors import ConfigError
from bridge.lti.nrps import SCOPE, Membership, read_members
from bridge.lti.service_token import Registration, ServiceTokens
from bridge.lti.student import read_student
from bridge.rosters import whole

RIGHTS = (
    "In the platform, switch on Names and Role Provisioning for the tool and let it share names, emails and IDs; for "
    "custom fields, end each address in roster.filters.courses with ?rlid= and the id of a link of the tool."
)


def read_roster(settings: Settings, means: Means, *, key: RSAKey, new_id: Callable[[], str]) -> RosterPages:
    """Everybody in the courses of `roster.filters.courses`, then the end.

    `key` is the tool's private key; `new_id` gives a fresh `jti` for each assertion. Raises what `bridge.errors` names.
    """
    if settings.lti13 is None or settings.lti13.token_url is None:
        raise ConfigError(["an LTI roster needs the key `lti13` in its connection, with `token_url`"])
    if not settings.roster.filters.courses:
        raise ConfigError(["an LTI roster needs `roster.filters.courses`: the context_memberships_url of each course"])
    registration = Registration(settings.lti13.token_url, settings.lti13.client_id)
    tokens = ServiceTokens(means.outbound, key, means.now, new_id)
    return whole(_pages(settings, means, partial(tokens.get, registration, (SCOPE,))), settings.student_id, RIGHTS)


def _pages(settings: Settings, means: Means, token: Callable[[], str]) -> Iterator[Sequence[RosterMember]]:
    """Everybody once, by `user_id`. Whoever is active in one course is active, so the inactive wait for the end."""
    active: set[str] = set()
    inactive: dict[str, Membership] = {}
    for url in settings.roster.filters.courses:
        for page in read_members(url, token, means):
            fresh = [member for member in page if member.active and member.user_id not in active]
            unique = {member.user_id: member for member in fresh}
            active |= unique.keys()
            inactive |= {member.user_id: member for member in page if not member.active}
            yield [_member(member, settings.student_id) for member in unique.values()]
    yield [_member(member, settings.student_id) for user_id, member in inactive.items() if user_id not in active]


def _member(member: Membership, student_id: str) -> RosterMember:
    own = member.fields.get(student_id, "")
    student = read_student(own, member.given_name, member.family_name, member.full_name)
    names = {"first_name": student.first_name, "last_name": student.last_name}
    return RosterMember(student, {**member.fields, **names}, member.active)
