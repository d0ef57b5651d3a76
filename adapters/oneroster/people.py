"""One person of OneRoster, from JSON or from a row of users.csv (1.1 and 1.2 alike)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from adapters.oneroster.settings import FIELDS, USER_IDS, Filters
from bridge.contracts import RECORD, RosterMember, clean
from bridge.errors import RosterIncomplete
from bridge.identifiers import normalize
from bridge.lti.student import read_student

_GONE = {"tobedeleted", "inactive"}


def read_user(user: Mapping[str, Any], student_id: str) -> RosterMember:
    """The member of whom OneRoster says `user`. Raises RosterIncomplete where there is no `sourcedId`."""
    fields = {name: normalize(user[name]) for name in FIELDS if name in user}
    if not fields.get("sourcedId"):
        raise RosterIncomplete("OneRoster sent a user without sourcedId")
    for kind, identifier in _user_ids(user.get("userIds")):
        fields.setdefault(f"{USER_IDS}{kind}", identifier)
    student = read_student(fields.get(student_id, ""), user.get("givenName"), user.get("familyName"), "")
    names = {"first_name": student.first_name, "last_name": student.last_name, RECORD: fields["sourcedId"]}
    return RosterMember(student, {**fields, **names}, not has_left(user))


def has_left(user: Mapping[str, Any]) -> bool:
    """Whether a user is deleted or switched off. Who says nothing of it is there: a bulk CSV leaves `status` empty."""
    enabled = str(user.get("enabledUser", "")).strip().lower()
    return clean(user.get("status")).lower() in _GONE or enabled == "false"


def _user_ids(value: object) -> Iterator[tuple[str, str]]:
    for entry in value if isinstance(value, list) else ():
        if isinstance(entry, dict) and (kind := clean(entry.get("type"))):
            yield kind, normalize(entry.get("identifier"))


def matches_filters(user: Mapping[str, Any], filters: Filters) -> bool:
    """Whether a user has one of the roles in one of the organisations; many services ignore such filters."""
    return chosen(_roles_of(user), filters)


def chosen(roles: Iterable[tuple[str, str]], filters: Filters) -> bool:
    """Whether one of these pairs of role and organisation is asked for."""
    return any(
        (not filters.roles or role.lower() in {wanted.lower() for wanted in filters.roles})
        and (not filters.orgs or org in filters.orgs)
        for role, org in roles
    )


def _roles_of(user: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Role and organisation: pairs in 1.2 (`roles`), one role and a list of organisations in 1.1 (`role`, `orgs`)."""
    roles = user.get("roles")
    if isinstance(roles, list):
        for entry in roles:
            if isinstance(entry, dict):
                yield clean(entry.get("role")), _sourced_id(entry.get("org"))
        return
    orgs = user.get("orgs")
    for org in (orgs if isinstance(orgs, list) else None) or [None]:
        yield clean(user.get("role")), _sourced_id(org)


def _sourced_id(reference: object) -> str:
    return clean(reference.get("sourcedId")) if isinstance(reference, dict) else ""
