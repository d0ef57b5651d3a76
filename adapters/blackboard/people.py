"""One user of Blackboard's as a member of the roster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from adapters.blackboard.settings import Filters, Settings
from bridge.contracts import RECORD, RosterMember, clean
from bridge.errors import RosterIncomplete
from bridge.identifiers import normalize
from bridge.lti.student import read_student
from bridge.roster.fields import SentFields

User = Mapping[str, Any]
RIGHTS: Final = (
    "In Blackboard, give the user of the REST API integration a system role with the entitlement system.user.VIEW "
    "(without it Blackboard leaves fields out), and check `student_id` and roster.filters."
)
PLAIN: Final = ("id", "uuid", "externalId", "userName", "studentId", "dataSourceId")
NESTED: Final = {
    "email": ("contact", "email"),
    "job.title": ("job", "title"),
    "job.department": ("job", "department"),
    "job.company": ("job", "company"),
}
ASKED: Final = (*PLAIN, "institutionRoleIds", "availability", "name", "contact", "job")
"""What Blackboard is asked to send of each user, and nothing else."""
ALWAYS_SENT: Final = ("uuid", "userName", "availability")
"""What every user has, and Blackboard says only to whom it says everything (system.user.VIEW)."""
ACTIVE: Final = {"yes": True, "no": False, "disabled": False}


class People:
    """Reads users, and sees that Blackboard says of them what it should."""

    def __init__(self, settings: Settings) -> None:
        self._student_id = settings.student_id
        self._filters = settings.roster.filters
        asked = {settings.student_id, *settings.roster.fields}
        # A candidate for `doctor` (email), and what is asked for; most say nothing of a job.
        self._nested = [(name, *place) for name, place in NESTED.items() if name in {"email", *asked}]
        self._always = {*ALWAYS_SENT} | (asked & {"externalId"}) | needed_by(self._filters)
        self._sent = SentFields(asked & {"studentId", *NESTED}, RIGHTS)

    def page(self, users: Sequence[User]) -> list[RosterMember]:
        """The members. Raises RosterIncomplete where something is left out that every user has."""
        self._sent.require(users, self._always)
        members = [self.member(user) for user in users if belongs(user, self._filters)]
        self._sent.note_members(members)
        return members

    def require_fields(self) -> None:
        """Raise RosterIncomplete where a field that is asked for was left out of everybody."""
        self._sent.require_all()

    def member(self, user: User) -> RosterMember:
        """One user. What Blackboard does not say stays unsaid."""
        fields = {name: normalize(user[name]) for name in PLAIN if name in user}
        for name, part, key in self._nested:
            inner = user.get(part)
            if isinstance(inner, dict) and key in inner:
                fields[name] = normalize(inner[key])
        value = user.get("name")
        parts: Mapping[str, Any] = value if isinstance(value, dict) else {}
        student = read_student(fields.get(self._student_id, ""), parts.get("given"), parts.get("family"), "")
        if parts:
            fields["first_name"], fields["last_name"] = student.first_name, student.last_name
        fields[RECORD] = key_of(user)
        return RosterMember(student, fields, is_active(user))


def needed_by(filters: Filters) -> set[str]:
    """The fields that decide who is on the roster."""
    sources = {"dataSourceId"} if filters.data_sources else set()
    return sources | ({"institutionRoleIds"} if filters.institution_roles else set())


def belongs(user: User, filters: Filters) -> bool:
    """Whether somebody is on the roster."""
    roles = user.get("institutionRoleIds")
    held = {clean(role).lower() for role in roles} if isinstance(roles, list) else set()
    return (not filters.data_sources or clean(user.get("dataSourceId")) in filters.data_sources) and (
        not filters.institution_roles or bool(held & {role.lower() for role in filters.institution_roles})
    )


def key_of(user: User) -> str:
    """Blackboard's own lasting name of a user: `_8_1`."""
    return clean(user.get("id"))


def is_active(user: User) -> bool:
    """Whether somebody may log in. Raises RosterIncomplete for a word that is not known: it must lock nobody out."""
    availability = user.get("availability")
    value = clean(availability.get("available")) if isinstance(availability, dict) else ""
    active = ACTIVE.get(value.lower())
    if active is None:
        raise RosterIncomplete(
            f"Blackboard has as the availability of a user {value[:20] or '(nothing)'}; known: Yes, No, Disabled"
        )
    return active
